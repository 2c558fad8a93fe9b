"use strict";
// The start: what this is, the verdicts; and the list of all conditions.

explorer.start = () => {
  const { el, first, value } = explorer;
  const datasets = first.datasets.map((d) => el("li", {},
    el("a", { href: explorer.link(["clips"], { d: d.dataset }), text: d.dataset }), ": ",
    value(d.n), ` test clips, licence ${d.licence}.`,
    d.pictures ? "" : " Its licence does not allow passing on pictures: frames are left out here."));
  const count = first.conditions.length;
  return [
    el("h1", { tabindex: "-1", text: "What the model saw, and what it said" }),
    el("p", { class: "lead" }, `${first.label}, seed ${first.seed}. Open any clip, see its frames, what each of ${count} `
      + "conditions made of it, and how the numbers of the paper come about. A condition is one system shown clips in one way."),
    el("p", { class: "actions" },
      el("a", { class: "button", href: "#/clips", text: "Browse the clips" }),
      el("a", { class: "button quiet", href: "#/conditions", text: "Look at the conditions" })),
    !first.claims.length ? null : el("section", { "aria-labelledby": "claims" },
      el("h2", { id: "claims", text: "The paper’s claims" }),
      el("p", { class: "note", text: "Verdicts follow rules fixed before the run. Figures are those of the evidence that "
        + "the verdict hangs on, with its interval. Click a number to copy its id in results/values.json." }),
      el("ol", { class: "claims" }, first.claims.map(explorer.claim))),
    el("section", { "aria-labelledby": "data" },
      el("h2", { id: "data", text: "Datasets" }), el("ul", { class: "datasets" }, datasets)),
  ];
};

explorer.claim = (row) => {
  const { el, value } = explorer;
  const verdict = row.verdict?.text ?? "not judged";
  const sign = { supported: "✓", "not supported": "✗", undecided: "?" }[verdict] ?? "–";
  const kind = { supported: "right", "not supported": "wrong" }[verdict] ?? "failed";
  const mine = explorer.first.conditions.filter((c) => (c.claims ?? "").split(" ").includes(row.claim));
  return el("li", {},
    el("div", { class: "claim-id", text: row.claim }),
    el("div", {},
      el("p", { class: "statement", text: row.statement?.text ?? "" }),
      row.says ? el("p", { class: "note", text: `${verdict === "undecided" ? "Open" : "Decided by"}: ${row.says.text}.` }) : null,
      el("details", {}, el("summary", { text: "Evidence" }),
        el("ul", { class: "evidence" }, row.evidence.map(explorer.piece)),
        el("p", { class: "note" }, "Conditions: ",
          mine.flatMap((c, k) => [k ? ", " : "", el("a", { href: explorer.link(["condition", c.condition]), text: c.condition })])))),
    el("div", { class: "claim-verdict" },
      el("span", { class: `badge ${kind}` }, el("span", { "aria-hidden": "true", text: `${sign} ` }), verdict),
      el("p", {}, value(row.effect)),
      row.effect ? el("p", { class: "note", text: `${row.evidence.find((piece) => piece.decisive)?.what ?? ""}, n\u00a0=\u00a0${row.effect.n}` }) : null));
};

// One piece of evidence: what it is, what it is worth, its effect.
explorer.piece = (piece) => {
  const { el, value } = explorer;
  const text = `${piece.what}${piece.chance ? " (at chance)" : ""}: ${piece.standing} `;
  return el("li", {}, piece.decisive ? el("strong", { text }) : text, value(piece.effect), piece.decisive ? "; the verdict hangs on it" : "");
};

explorer.conditionList = (query) => {
  const { el, value } = explorer;
  const holder = el("div");
  const count = el("p", { class: "note", role: "status", "aria-live": "polite" });
  const show = (text) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = explorer.first.conditions.filter((row) => {
      const all = [row.condition, row.label, row.dataset, row.shown, row.decision, row.claims].join(" ").toLowerCase();
      return words.every((word) => all.includes(word));
    });
    count.textContent = `${rows.length} of ${explorer.first.conditions.length} conditions`;
    const [{ metric: main, label }, ...others] = explorer.first.metrics;
    holder.replaceChildren(explorer.table("Conditions",
      ["Condition", label, "", ...others.map((other) => other.label), "System", "Shown", "Frames a clip", "n", "Failed"], rows.map((row) => [
        el("a", { href: explorer.link(["condition", row.condition]), text: row.condition }),
        value(row.values[main]), explorer.whisker(row.values[main]), ...others.map((other) => value(row.values[other.metric])),
        row.label, row.decision === "likelihood" ? row.shown : `${row.shown}, ${row.decision}`, explorer.seen(row) ?? "–",
        value(row.n), value(row.failed)]), "numbers list"));
  };
  const box = el("input", { type: "search", value: query.q ?? "", oninput: (event) => {
    history.replaceState(null, "", explorer.link(["conditions"], { q: event.target.value }));
    show(event.target.value);
  } });
  show(query.q ?? "");
  return [
    el("h1", { tabindex: "-1", text: "Conditions" }),
    el("p", { class: "lead", text: "Each is one system, shown clips in one way. The answer is the likeliest label where nothing else is said. Lines run from 0 to 1, thick over the interval." }),
    explorer.field("Search by system, sampler, claim …", box, "search"), count, holder,
  ];
};
