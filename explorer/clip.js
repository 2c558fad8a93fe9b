"use strict";
// One clip: what is in it, and what each condition made of it.

explorer.clip = async (dataset, name, query) => {
  const { el } = explorer;
  const [clips, answers] = await Promise.all([explorer.load(`${dataset}/clips`), explorer.load(`${dataset}/answers`)]);
  const k = clips.names.indexOf(name);
  if (k < 0) throw new Error(`There is no clip ${dataset}/${name}.`);
  const share = explorer.shareOf(k, clips.names.length, clips.details);
  const part = await explorer.load(`${dataset}/${share}`);
  const first = clips.names.findIndex((_, i) => explorer.shareOf(i, clips.names.length, clips.details) === share);
  const detail = part.clips[k - first];
  const upper = el("div", {});
  const lower = el("div", {});
  const walk = el("nav", { class: "walk", "aria-label": "Neighbouring clips of the list" });
  const update = async (now) => {
    const turn = explorer.turn;
    const want = { ...explorer.filtersOf(now), d: dataset };
    const shown = answers[now.v] ? now.v : answers[want.c] ? want.c : explorer.usual(answers);
    want.c = answers[want.c] ? want.c : shown;
    walk.replaceChildren(...explorer.walk(clips, answers, k, want, now.v));
    const focused = lower.contains(document.activeElement) ? document.activeElement.name : null;
    const built = await explorer.answered({ clips, answers, k, part, detail, condition: shown, run: Number(want.run) || 1, want });
    if (turn !== explorer.turn) return; // one went on meanwhile
    upper.replaceChildren(explorer.timeline(clips, k, part, detail, shown));
    lower.replaceChildren(...built);
    if (focused) lower.querySelector(`[name="${focused}"]`)?.focus();
  };
  await update(query);
  return {
    update,
    nodes: [
      walk,
      el("h1", { tabindex: "-1", text: `${dataset}/${name}` }),
      explorer.clipFacts(clips, k),
      clips.pictures ? null : explorer.gated(clips),
      el("section", { class: "seen", "aria-label": "The clip over time" }, explorer.player(clips, k, part, detail), upper),
      lower,
    ],
  };
};

explorer.clipFacts = (clips, k) => {
  const label = explorer.named(clips.classes, clips.labels[k]);
  const kind = explorer.KINDS[clips.kinds[k]];
  const facts = { "True class": label, Kind: kind, "Shows first": clips.before[k], Person: clips.identities[k],
    Length: `${clips.durations[k].toFixed(2)} s`, Frames: `${clips.frames[k]} at ${clips.fps[k]} a second` };
  return explorer.el("dl", { class: "facts" }, Object.entries(facts).filter(([, text]) => text).map(([key, text]) =>
    explorer.el("div", {}, explorer.el("dt", { text: key }), explorer.el("dd", { text }))));
};

// To the list, and to the clips before and after this one in it.
explorer.walk = (clips, answers, k, want, shown) => {
  const { el } = explorer;
  const found = explorer.filter(clips, answers, want);
  const place = found.indexOf(k);
  const page = place < 0 ? "" : Math.floor(place / explorer.PAGE) + 1;
  const to = (next, text, rel) => (next === undefined ? el("span", { class: "off", text })
    : el("a", { rel, href: explorer.link(["clip", clips.dataset, clips.names[next]], { ...want, v: shown }), text }));
  return [
    el("a", { href: explorer.link(["clips"], { ...want, page: page > 1 ? page : "" }),
      text: place < 0 ? "Clips" : `Clips (${place + 1} of ${found.length})` }),
    to(place < 0 ? undefined : found[place - 1], "‹ Previous", "prev"), to(place < 0 ? undefined : found[place + 1], "Next ›", "next"),
  ];
};
