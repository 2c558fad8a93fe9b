"use strict";
// One condition: its metrics, what it takes for what, its classes, and the comparisons planned with it.

explorer.PARTS = { all: "All clips", plain: "Plain", micro: "Micro-expressions", order: "Order-dependent" };

explorer.condition = async (name) => {
  const { el } = explorer;
  const row = explorer.conditions.get(name);
  if (!row) throw new Error(`There is no condition called ${name}.`);
  const [clips, data] = await Promise.all([explorer.load(`${row.dataset}/clips`), explorer.load(`answers/${name}`)]);
  const to = (query) => explorer.link(["clips"], { d: row.dataset, c: name, ...query });
  return [
    el("p", { class: "crumbs" }, el("a", { href: "#/conditions", text: "Conditions" })),
    el("h1", { tabindex: "-1", text: name }),
    el("dl", { class: "facts" }, Object.entries({
      System: row.label, Dataset: row.dataset, Frames: row.frames, "Frames shown a clip": explorer.seen(row), Context: row.context === "none" ? "frames alone" : row.shown,
      "Answer by": row.decision, Claims: row.claims, Runs: row.replicates?.text,
    }).filter(([, text]) => text).map(([key, text]) => el("div", {}, el("dt", { text: key }), el("dd", { text })))),
    el("p", { class: "actions" },
      el("a", { class: "button", href: to({}), text: "Its clips" }),
      el("a", { class: "button quiet", href: to({ outcome: "wrong" }), text: "Where it is wrong" }),
      el("a", { class: "button quiet", href: to({ outcome: "failed" }), text: `Failures (${row.failed?.text ?? 0})` })),
    explorer.metrics(data),
    explorer.confusion(clips, data, to),
    explorer.perClass(data, to),
    explorer.comparisons(data, row),
  ];
};

// Frames that were really shown of a clip: mean, and from the fewest to the most where they differ.
explorer.seen = (row) => {
  const [mean, least, most] = ["", "_min", "_max"].map((bound) => row.seen[bound]?.text);
  return mean && (least === most ? mean : `${mean} (${least} to ${most})`);
};

explorer.metrics = (data) => {
  const { el, value } = explorer;
  const parts = Object.keys(explorer.PARTS).filter((part) => data.metrics.some((row) => row.values[part]));
  const n = (part) => data.metrics.find((row) => row.values[part]).values[part].n;
  return el("section", { "aria-labelledby": "metrics" },
    el("h2", { id: "metrics", text: "Metrics" }),
    el("p", { class: "note", text: "With intervals over people. Failures count as wrong, unless a metric says otherwise." }),
    explorer.table("Metrics by kind of clip", ["Metric", ...parts.map((p) => `${explorer.PARTS[p]} (n = ${n(p)})`)],
      data.metrics.map((row) => [row.label[0].toUpperCase() + row.label.slice(1), ...parts.map((p) => value(row.values[p]))]), "numbers"));
};

explorer.confusion = (clips, data, to) => {
  const { el } = explorer;
  const count = new Map(data.confusion.map(([label, answer, n]) => [`${label}/${answer}`, n]));
  const given = [...clips.classes, ...(data.confusion.some((cell) => cell[1] === "failed") ? ["failed"] : [])];
  const rows = clips.classes.map((label) => {
    const total = given.reduce((sum, answer) => sum + (count.get(`${label}/${answer}`) ?? 0), 0);
    return [label, ...given.map((answer) => {
      const n = count.get(`${label}/${answer}`) ?? 0;
      const share = total ? n / total : 0;
      const words = `${label} answered as ${answer}: ${n} of ${total}`;
      if (!n) return el("span", { class: "cell none", "aria-label": words, text: "·" });
      return el("button", {
        type: "button", title: words, "aria-label": `${words}; show the clips`, "--share": `${Math.round(share * 100)}%`,
        class: `cell${share > 0.8 ? " full" : share > 0.56 ? " half" : ""}${label === answer ? " own" : ""}`, text: n,
        onclick: () => { location.hash = to({ label, answer }); },
      });
    })];
  });
  return el("section", { "aria-labelledby": "confusion" },
    el("h2", { id: "confusion", text: "What it takes for what" }),
    el("p", { class: "note", text: `Rows: true class; columns: answer. Numbers of answers${data.runs.length > 1 ? " over all runs" : ""}; `
      + "shade: share of the row; framed: right. Choose a number to see its clips." }),
    explorer.table("Confusion matrix", ["True class", ...given.map((name) => el("span", { text: name }))], rows, "confusion"));
};

explorer.perClass = (data, to) => {
  const { el, value } = explorer;
  return el("section", { "aria-labelledby": "classes" },
    el("h2", { id: "classes", text: "By class" }),
    explorer.table("Metrics by class", ["Class", "F1", "", "Recall", "Precision", "n"], data.per_class.map((row) => [
      el("a", { href: to({ label: row.emotion }), text: row.emotion }), value(row.f1), explorer.whisker(row.f1),
      value(row.recall), value(row.precision), String(row.f1?.n ?? "–")]), "numbers"));
};

explorer.comparisons = (data, row) => {
  const { el, value } = explorer;
  if (!data.comparisons.length) return null;
  return el("section", { "aria-labelledby": "comparisons" },
    el("h2", { id: "comparisons", text: "Planned comparisons" }),
    el("p", { class: "note", text: "Differences are of the metric of A minus that of B. With several training runs, interval and p are over people and runs; with one, over people, and p is corrected within the family (Holm)." }),
    explorer.table("Planned comparisons", ["Comparison", "A", "B", "Claim", "Metric", "Clips", "Difference", "p", ""],
      data.comparisons.map((c) => [
        c.comparison, ...[c.a, c.b].map((name) => el("a", { href: explorer.link(["condition", name]), text: name })),
        c.claim ?? "–", c.metric, c.clips, value(c.difference), value(c.p),
        el("a", { href: explorer.link(["clips"], { d: row.dataset, c: c.a, b: c.b, pair: "differ", kind: c.clips === "all" ? "" : c.clips }),
          text: "where they differ", "aria-label": `clips where ${c.a} and ${c.b} differ` })]), "numbers list"));
};
