"use strict";
// Where one is: the view and its filters are in the URL's hash, so that a view can be linked and the back button works.

explorer.place = (hash = location.hash) => {
  const [path, query] = hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").map(decodeURIComponent).filter(Boolean), query: Object.fromEntries(new URLSearchParams(query)) };
};

explorer.link = (path, query = {}) => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
};

explorer.KINDS = { p: "plain", m: "micro-expression", o: "order-dependent" };
explorer.OUTCOMES = { right: "right", wrong: "wrong", failed: "failed (no answer)" };
explorer.PAIRS = {
  differ: "answer differently", a: "only A is right", b: "only B is right",
  both: "both right", neither: "neither right",
};
explorer.FILTERS = ["d", "c", "b", "run", "label", "answer", "outcome", "kind", "pair"];

// The dataset that a query is about.
explorer.datasetOf = (query) => query.d || explorer.conditions.get(query.c)?.dataset || explorer.first.datasets[0].dataset;

// The part of a query that says which clips are listed.
explorer.filtersOf = (query) => Object.fromEntries(explorer.FILTERS.filter((k) => query[k]).map((k) => [k, query[k]]));

// Numbers of the clips that pass. `answers` are rows of letters by condition and run; an answer counts if it passes in the
// chosen run, or in any if none is chosen.
explorer.filter = (clips, answers, want) => {
  const { labels, kinds, classes } = clips;
  const label = want.label && explorer.letterOf(classes, want.label);
  const answer = want.answer && explorer.letterOf(classes, want.answer);
  const kind = want.kind && Object.keys(explorer.KINDS).find((k) => explorer.KINDS[k].startsWith(want.kind));
  const [ofA, ofB] = [answers[want.c], answers[want.b]];
  const runs = ofA ? (want.run ? [Number(want.run) - 1] : [...ofA.keys()]) : [];
  const passes = (a, b, own) => {
    if (answer && a !== answer) return false;
    if (want.outcome === "right" && a !== own) return false;
    if (want.outcome === "wrong" && (a === own || a === "-" || a === " ")) return false;
    if (want.outcome === "failed" && a !== "-") return false;
    if (b === undefined || !want.pair) return true;
    const [right, other] = [a === own, b === own];
    return { differ: a !== b, a: right && !other, b: !right && other, both: right && other, neither: !right && !other }[want.pair];
  };
  const found = [];
  for (let k = 0; k < labels.length; k++) {
    const own = labels[k];
    if (label && own !== label) continue;
    if (kind && kinds[k] !== kind) continue;
    if (!ofA || runs.some((r) => ofA[r] && passes(ofA[r][k], ofB && (ofB[r] ?? ofB[0])[k], own))) found.push(k);
  }
  return found;
};

// The clips most alike in the class scores of one run: [clip, distance], nearest first. Hellinger's distance, 0 to 1.
explorer.neighbours = (scores, clip, classes, n, most = 6) => {
  const own = explorer.probabilities(scores, clip, classes);
  if (!own) return [];
  const roots = own.map(Math.sqrt);
  const found = [];
  for (let k = 0; k < n; k++) {
    if (k === clip) continue;
    const other = explorer.probabilities(scores, k, classes);
    if (other) found.push([k, Math.sqrt(other.reduce((sum, p, c) => sum + (Math.sqrt(p) - roots[c]) ** 2, 0) / 2)]);
  }
  return found.sort((a, b) => a[1] - b[1]).slice(0, most);
};
