"use strict";
// One condition at a time: its classes, confusion matrix and wrong clips. Data enters the page as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("first").textContent);
  const { about, conditions } = data;
  const AT_ONCE = 30;
  const state = { condition: 0, label: "", prediction: "", words: "", sort: "margin", shown: AT_ONCE };

  const el = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "text") element.textContent = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name.startsWith("--") || name === "left" || name === "width") element.style.setProperty(name, value);
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null));
    return element;
  };
  const percent = (share) => `${(100 * share).toFixed(2)}%`;
  const interval = (row) => (row.low === null ? "" : ` [${row.low.toFixed(2)}, ${row.high.toFixed(2)}]`);
  const plural = (n, word) => `${n.toLocaleString("en-GB")} ${word}${n === 1 ? "" : "s"}`;
  const current = () => conditions[state.condition];
  const predicted = (row) => row.prediction ?? "failed";

  // Frames that were really shown of a clip: mean, and from the fewest to the most where they differ.
  const seen = (row) => (row.shown === null ? "–"
    : row.shown.toFixed(1) + (row.shown_min === row.shown_max ? "" : ` (${row.shown_min} to ${row.shown_max})`));

  function overview() {
    const names = current().metrics.map((metric) => metric.label);
    const head = el("tr", {}, el("th", { scope: "col", text: "Condition" }),
      names.map((name) => el("th", { scope: "col", text: name })),
      ["Clips", "Failed", "Frames shown a clip"].map((text) => el("th", { scope: "col", class: "number", text })));
    const rows = conditions.map((condition, k) => el("tr", { "aria-current": k === state.condition && "true" },
      el("th", { scope: "row" }, conditions.length === 1 ? condition.name
        : el("button", { type: "button", class: "choose", text: condition.name, onclick: () => choose(k) })),
      condition.metrics.map((metric) => el("td", {}, metric.value.toFixed(2),
        el("span", { class: "interval", text: interval(metric) }))),
      el("td", { class: "number", text: condition.metrics[0].n }),
      el("td", { class: "number", text: condition.metrics[0].failed }),
      el("td", { class: "number", text: seen(condition.metrics[0]) })));
    return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, head), el("tbody", {}, rows)));
  }

  function bar(share, low, high) {
    return el("div", { class: "bar", "aria-hidden": "true" }, el("i", { width: percent(share) }),
      low === null || low === undefined ? null : el("b", { left: percent(low), width: percent(high - low) }));
  }

  function classes() {
    const cells = current().per_class.flatMap((row) => [
      el("span", { text: row.emotion }), bar(row.f1, row.low, row.high),
      el("span", {}, row.f1.toFixed(2), el("span", { class: "interval", text: interval(row) })),
      el("span", { class: "number", text: row.n })]);
    return el("section", {}, el("h2", { text: "F1 of each label" }),
      el("p", { class: "note", text: `Bars with ${about.confidence * 100}% intervals; labels without clips are left out.` }),
      el("div", { class: "bars" }, ["Label", "", "F1", "Clips"].map((text) => el("span", { class: "head", text })), cells));
  }

  function matrix() {
    const columns = [...about.labels, "failed"];
    const head = el("tr", {}, el("th", { text: "" }),
      columns.map((name) => el("th", { scope: "col" }, el("span", { text: name }))));
    const rows = current().confusion.map((counts, i) => {
      const total = counts.reduce((sum, n) => sum + n, 0);
      return el("tr", {}, el("th", { scope: "row", text: about.labels[i] }), counts.map((n, j) => {
        const share = total ? n / total : 0;
        const own = i === j ? " own" : "";
        if (n === 0 || own) {
          return el("td", {}, el("span", { class: `cell${own}${n ? "" : " none"}${share > 0.5 ? " full" : ""}`,
            "--share": percent(share), text: n || "·" }));
        }
        return el("td", {}, el("button", {
          type: "button", class: `cell${share > 0.5 ? " full" : ""}`, "--share": percent(share), text: n,
          "aria-label": `${plural(n, "clip")} with the label ${about.labels[i]} and the prediction ${columns[j]}; show them`,
          onclick: () => {
            Object.assign(state, { label: about.labels[i], prediction: columns[j], shown: AT_ONCE });
            draw();
            document.getElementById("wrong").scrollIntoView();
          },
        }));
      }));
    });
    return el("section", {}, el("h2", { text: "Confusion matrix" }),
      el("p", { class: "note", text: "Rows are labels, columns are predictions. The stronger its colour, the larger a cell's share of its row. Choose a cell to see its clips." }),
      el("div", { class: "scroll" }, el("table", { class: "confusion" }, el("thead", {}, head), el("tbody", {}, rows))));
  }

  const SORTS = {
    margin: ["Most certain first", null],
    clip: ["Clip", (a, b) => a.clip_id.localeCompare(b.clip_id)],
    label: ["Label", (a, b) => a.label.localeCompare(b.label)],
    prediction: ["Prediction", (a, b) => predicted(a).localeCompare(predicted(b))],
  };

  function matching() {
    const words = state.words.trim().toLowerCase();
    const rows = current().wrong.filter((row) => (!state.label || row.label === state.label)
      && (!state.prediction || predicted(row) === state.prediction)
      && (!words || `${row.clip_id} ${row.reply ?? ""} ${row.reason ?? ""}`.toLowerCase().includes(words)));
    const compare = SORTS[state.sort][1];
    return compare ? rows.sort(compare) : rows;
  }

  function scores(row) {
    if (!row.scores) return el("div");
    const most = Math.max(...row.scores);
    const weights = row.scores.map((score) => Math.exp(score - most));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const order = weights.map((weight, k) => [weight / total, k]).sort((a, b) => b[0] - a[0]).slice(0, 6);
    return el("div", { class: "scores" }, order.flatMap(([share, k]) => [
      el("span", { class: `name${about.labels[k] === row.label ? " true" : ""}`, text: about.labels[k] }),
      bar(share), el("span", { text: percent(share).replace(/\.\d+/, "") })]));
  }

  function clip(row) {
    const pictures = current().pictures[row.clip_id] ?? [];
    const frames = pictures.map((picture, k) => el("img", {
      src: `data:image/webp;base64,${picture}`, alt: `Frame ${k + 1} of ${pictures.length}`, width: "76px", loading: "lazy" }));
    return el("li", { class: "clip" }, el("div", {},
      el("p", { class: "id", text: row.clip_id }),
      el("h3", {}, `${row.label} `, el("span", { class: "wrong", text: `✗ ${predicted(row)}` })),
      row.reason ? el("p", { class: "said", text: row.reason }) : null,
      row.reply ? el("p", { class: "said", text: `Reply: “${row.reply}”` }) : null,
      frames.length ? el("div", { class: "frames" }, frames)
        : el("p", { class: "note", text: row.n_frames ? "No pictures of this clip." : "No frames were shown." })),
    scores(row));
  }

  function list() {
    const rows = matching();
    const shown = rows.slice(0, state.shown);
    const left = rows.length - shown.length;
    return el("div", { id: "list" },
      el("p", { class: "note", role: "status", text: `${plural(rows.length, "clip")} of ${current().wrong.length.toLocaleString("en-GB")}` }),
      el("ul", { class: "clips" }, shown.map(clip)),
      left > 0 ? el("button", { type: "button", class: "plain more", text: `Show ${Math.min(left, AT_ONCE)} more`,
        onclick: () => { state.shown += AT_ONCE; redraw(); } }) : null);
  }

  const redraw = () => document.getElementById("list").replaceWith(list());
  const set = (key) => (event) => { Object.assign(state, { [key]: event.target.value, shown: AT_ONCE }); redraw(); };

  const field = (title, key, input) => el("div", { class: "field" }, el("label", { for: `by-${key}`, text: title }), input);

  function select(title, key, options) {
    return field(title, key, el("select", { id: `by-${key}`, onchange: set(key) },
      options.map(([value, text]) => el("option", { value, text, selected: state[key] === value }))));
  }

  function wrong() {
    const named = (names) => [["", "Any"], ...names.map((name) => [name, name])];
    const asked = current().metrics[0].n;
    const pictured = Object.keys(current().pictures).length;
    const shown = current().wrong.filter((row) => row.n_frames > 0).length;
    const rule = pictured < shown
      ? ` Pictures are kept of ${plural(pictured, "clip")}: those that were wrong by the largest difference between the scores of prediction and label.`
      : "";
    return el("section", { id: "wrong" }, el("h2", { text: "Clips that were wrong" }),
      el("p", { class: "note", text: `${current().wrong.length.toLocaleString("en-GB")} of ${plural(asked, "clip")}.${rule} Bars are the scores as shares of all labels; the true label is bold.` }),
      el("div", { class: "filters" },
        select("Label", "label", named(about.labels)), select("Prediction", "prediction", named([...about.labels, "failed"])),
        select("Order", "sort", Object.entries(SORTS).map(([key, [text]]) => [key, text])),
        field("Clip or reply contains", "words",
          el("input", { id: "by-words", type: "search", value: state.words, oninput: set("words") }))),
      list());
  }

  function settings() {
    const condition = about.conditions[state.condition];
    const facts = {
      Model: about.model, Family: about.system.family, Data: about.data, Split: about.split + (about.fold ? `, fold ${about.fold}` : ""),
      "Frame sampler": JSON.stringify(condition.sampler), Context: condition.context, Decision: condition.decision,
      ...Object.fromEntries(Object.entries(about.prompts).map(([name, text]) => [`Prompt: ${name}`, text])),
      "Decoded to": `${about.size} px`, Seed: about.seed, "Bootstrap resamples": about.resamples, "emovlm": about.version,
    };
    return el("details", {}, el("summary", { text: "How this was made" }),
      el("dl", {}, Object.entries(facts).flatMap(([name, value]) => [el("dt", { text: name }), el("dd", { text: value })])));
  }

  function choose(k) {
    Object.assign(state, { condition: k, label: "", prediction: "", words: "", shown: AT_ONCE });
    draw();
  }

  function draw() {
    const short = (path) => path.replace(/\/+$/, "").split("/").pop();
    const name = about.model.includes("@") ? about.model : short(about.model);
    document.title = `${name} on ${short(about.data)}`;
    document.getElementById("main").replaceChildren(
      el("h1", { text: `${name} on ${short(about.data)}` }),
      el("p", { class: "facts", text: `${plural(about.clips, "clip")}, ${about.labels.length} labels (chance ${(1 / about.labels.length).toFixed(2)}). In brackets: ${about.confidence * 100}% intervals. Failed clips count as errors.` }),
      overview(),
      conditions.length > 1 ? el("p", { class: "note", text: `Below: condition ${current().name}.` }) : "",
      classes(), matrix(), wrong(), settings());
    document.documentElement.dataset.ready = "";
  }

  const theme = document.getElementById("theme");
  const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { theme.textContent = dark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; name(); });
  name();
  draw();
})();
