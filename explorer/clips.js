"use strict";
// The list of clips: filters, the number of clips that pass, and a page of them at a time.

explorer.PAGE = 60;

explorer.clips = async (query) => {
  const { el } = explorer;
  const dataset = explorer.datasetOf(query);
  const [clips, answers] = await Promise.all([explorer.load(`${dataset}/clips`), explorer.load(`${dataset}/answers`)]);
  const count = el("p", { class: "count", role: "status", "aria-live": "polite" });
  const list = el("ul", { class: "grid", "aria-describedby": "hint", onkeydown: explorer.arrows });
  const pages = el("nav", { class: "pages", "aria-label": "Pages of clips" });
  const form = el("form", { class: "filters", "aria-label": "Filters", onsubmit: (event) => event.preventDefault() });
  const update = (now) => {
    const want = { ...now, d: dataset };
    if (!answers[want.c]) want.c = explorer.usual(answers);
    explorer.fields(form, clips, answers, want);
    const found = explorer.filter(clips, answers, want);
    const last = Math.max(1, Math.ceil(found.length / explorer.PAGE));
    const page = Math.min(last, Math.max(1, Number(want.page) || 1));
    count.replaceChildren(el("strong", { text: found.length }), ` of ${clips.names.length} clips`,
      last > 1 ? `, page ${page} of ${last}` : "");
    list.replaceChildren(...found.slice((page - 1) * explorer.PAGE, page * explorer.PAGE)
      .map((k, place) => explorer.card(clips, answers, k, want, place === 0)));
    const to = (number, text) => (number < 1 || number > last ? el("span", { class: "off", text })
      : el("a", { class: "button quiet", href: explorer.link(["clips"], { ...want, page: number }), text }));
    pages.replaceChildren(...(last > 1 ? [to(page - 1, "‹ Earlier clips"), to(page + 1, "Later clips ›")] : []));
    list.hidden = !found.length;
    empty.hidden = Boolean(found.length);
  };
  const empty = el("p", { class: "empty", hidden: true }, "No clip passes these filters. ",
    el("a", { href: explorer.link(["clips"], { d: dataset }), text: "Clear them" }));
  update(query);
  return {
    update,
    nodes: [
      el("h1", { tabindex: "-1", text: "Clips" }),
      clips.pictures ? null : explorer.gated(clips),
      el("div", { class: "browse" }, form, el("div", {}, count, empty, list, pages,
        el("p", { class: "note hint", id: "hint", text: "Arrow keys, Home and End move through the list; Enter opens a clip." }))),
    ],
  };
};

explorer.gated = (clips) => explorer.el("p", { class: "gated",
  text: `No frames are shown: the licence of ${clips.dataset} (${clips.licence}) does not allow passing on its pictures. `
    + "Answers, scores and times are." });

// The condition that is shown where none was chosen.
explorer.usual = (answers) => (answers["freq-fps5"] ? "freq-fps5" : explorer.first.conditions.find((row) => answers[row.condition]).condition);

// The filters: made once, and again if another condition has other runs; else they only get their values.
explorer.fields = (form, clips, answers, want) => {
  const runs = answers[want.c].length;
  form.want = want;
  if (form.runs === runs) {
    for (const box of form.querySelectorAll("select")) box.value = want[box.name] ?? "";
    form.querySelector("[name=pair]").disabled = !want.b;
    form.links(want);
    return;
  }
  form.runs = runs;
  const set = (key) => (value) => {
    const next = { ...form.want, [key]: value, page: "" };
    if (key === "b") next.pair = value && (next.pair || "differ");
    location.hash = explorer.link(["clips"], key === "d" ? { d: value } : next);
  };
  const named = (table) => Object.entries(table);
  const any = ["", "any"];
  const choose = (key, label, options, attributes = {}) =>
    explorer.select(label, options, want[key] ?? "", set(key), { name: key, ...attributes });
  const kinds = Object.entries(explorer.KINDS).filter(([letter]) => clips.kinds.includes(letter));
  const [clear, about] = [explorer.el("a", { text: "Clear filters" }), explorer.el("a", { text: "About condition A" })];
  form.links = (now) => {
    clear.href = explorer.link(["clips"], { d: clips.dataset, c: now.c });
    about.href = explorer.link(["condition", now.c]);
  };
  form.links(want);
  const conditions = explorer.conditionOptions(clips.dataset);
  form.replaceChildren(...[
    explorer.first.datasets.length > 1
      ? choose("d", "Dataset", explorer.first.datasets.map((d) => [d.dataset, d.dataset])) : null,
    choose("c", "Condition A", conditions),
    runs > 1 ? choose("run", "Training run", [any, ...Array.from({ length: runs }, (_, k) => [String(k + 1), String(k + 1)])]) : null,
    choose("label", "True class", [any, ...clips.classes.map((c) => [c, c])]),
    choose("answer", "Answer of A", [any, ...clips.classes.map((c) => [c, c]), ["failed", "failed"]]),
    choose("outcome", "A is", [any, ...named(explorer.OUTCOMES)]),
    kinds.length ? choose("kind", "Kind of clip", [any, ...kinds.map(([, name]) => [name.split("-")[0], name])]) : null,
    choose("b", "Condition B", [["", "none"], ...conditions]),
    choose("pair", "A and B", [any, ...named(explorer.PAIRS)], { disabled: !want.b }),
    explorer.el("p", { class: "links" }, clear, about),
  ].filter(Boolean));
};

explorer.card = (clips, answers, k, want, first) => {
  const { el } = explorer;
  const label = explorer.named(clips.classes, clips.labels[k]);
  const run = want.run ? Number(want.run) - 1 : 0;
  const said = (condition) => explorer.verdict(explorer.named(clips.classes, (answers[condition][run] ?? answers[condition][0])[k]), label);
  const rights = answers[want.c].filter((row) => row[k] === clips.labels[k]).length;
  const several = answers[want.c].length > 1 && !want.run
    ? el("span", { class: "runs", text: `right in ${rights} of ${answers[want.c].length} runs` }) : null;
  const kind = { m: "micro", o: "order" }[clips.kinds[k]];
  return el("li", {}, el("a", {
    class: "card", tabindex: first ? "0" : "-1",
    href: explorer.link(["clip", clips.dataset, clips.names[k]], explorer.filtersOf(want)),
  }, explorer.thumbnail(clips, k), kind ? el("span", { class: "kind", text: kind }) : null,
  el("span", { class: "name", text: clips.names[k] }), el("span", { class: "label", text: label }),
  said(want.c), want.b ? el("span", { class: "other" }, "B: ", said(want.b)) : null, several));
};

// One stop of the Tab key for the whole list; arrows, Home and End move within it.
explorer.arrows = (event) => {
  const cards = [...event.currentTarget.querySelectorAll(".card")];
  const now = cards.indexOf(document.activeElement);
  if (now < 0) return;
  const top = cards[0].getBoundingClientRect().top;
  const across = Math.max(1, cards.filter((card) => Math.abs(card.getBoundingClientRect().top - top) < 2).length);
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across, Home: -now, End: cards.length - 1 - now };
  if (!(event.key in steps)) return;
  event.preventDefault();
  const next = cards[Math.min(cards.length - 1, Math.max(0, now + steps[event.key]))];
  cards[now].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
};
