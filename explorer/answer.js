"use strict";
// What one condition was asked about a clip and what it answered; what the others answered; clips that it finds alike.

explorer.FEW = 24; // frames of a prompt that are shown at first

explorer.answered = async (at) => {
  const { el } = explorer;
  const data = await explorer.load(`answers/${at.condition}`);
  const run = Math.min(at.run, data.runs.length) - 1;
  const choose = (query) => {
    location.hash = explorer.link(["clip", at.clips.dataset, at.clips.names[at.k]], { ...at.want, v: at.condition, ...query });
  };
  const runs = data.runs.length > 1 ? explorer.select("Training run", data.runs.map((r) => [String(r), String(r)]),
    String(data.runs[run]), (value) => choose({ run: value }), { name: "run" }) : null;
  const row = explorer.conditions.get(at.condition);
  return [
    el("section", { "aria-labelledby": "said-head" },
      el("div", { class: "choose" }, el("h2", { id: "said-head", text: "What it was asked and said" }),
        explorer.select("Condition", explorer.conditionOptions(at.clips.dataset), at.condition, (value) => choose({ v: value }), { name: "v" }),
        runs),
      el("p", { class: "note" }, el("a", { href: explorer.link(["condition", at.condition]), text: at.condition }),
        `: ${row.label}, ${row.shown}, answer by ${row.decision}`),
      el("div", { class: "two" }, explorer.prompt(at, data, run), explorer.reply(at, data, run))),
    data.runs.length > 1 ? explorer.runsTable(at, data) : null,
    explorer.others(at, choose),
    explorer.alike(at, data, run),
  ].filter(Boolean);
};

explorer.prompt = (at, data, run) => {
  const { el } = explorer;
  const row = explorer.conditions.get(at.condition);
  const taken = at.detail.samples?.[row.frames] ?? [];
  const own = data.prompts ? data.prompts[run][at.k] : taken.map((_, j) => j);
  if (!own || !own.length) return el("div", {}, el("h3", { text: "Prompt" }), el("p", { class: "note", text: "There was none: no frames, or no texts." }));
  const times = explorer.timesOf(at.clips, at.k, at.detail);
  const parts = own.map((part) => (part < 0 ? explorer.said(data.texts[-1 - part]) : explorer.frameMark(at, times, taken[part])));
  const list = el("ol", { class: "prompt" }, parts.slice(0, explorer.FEW));
  const more = parts.length > explorer.FEW ? el("button", { type: "button", class: "button quiet",
    text: `Show all ${parts.length} parts`, onclick: () => { list.append(...parts.slice(explorer.FEW)); more.remove(); list.querySelector("li:last-child").scrollIntoView({ block: "nearest" }); } }) : null;
  const number = (column) => (Array.isArray(data[column][run]) ? data[column][run][at.k] : data[column][run]);
  const given = own.filter((part) => part >= 0).length;
  const seen = number("frames");
  return el("div", {}, el("h3", { text: "Prompt" }), list, more,
    el("p", { class: "question", text: data.question }),
    el("p", { class: "note" }, `${given} frames, ${number("tokens")} tokens. `,
      seen && seen < given ? `Its own limit left ${given - seen} of the frames out. ` : "",
      at.clips.pictures ? "Pictures are the nearest of those kept for this page. " : "",
      number("folds") ? `Answered by the model of fold ${number("folds")}.` : ""));
};

explorer.said = (text) => explorer.el("li", { class: "text", text });

explorer.frameMark = (at, times, frame) => {
  const { el } = explorer;
  const time = `${times[frame].toFixed(2)} s`;
  const picture = at.detail.strip.length
    ? explorer.frame(at.clips, at.k, at.part, at.detail, explorer.nearest(at.detail, times, times[frame]), { "aria-hidden": "true" }) : null;
  return el("li", { class: "frame" }, picture, el("code", { text: "<frame>" }), el("span", { text: time }));
};

explorer.reply = (at, data, run) => {
  const { el } = explorer;
  const { classes, labels } = at.clips;
  const label = explorer.named(classes, labels[at.k]);
  const letter = data.predictions[run][at.k];
  const shares = explorer.probabilities(explorer.scores(data, run), at.k, classes.length);
  const reply = data.replies[data.reply[run][at.k]];
  const named = (column) => {
    const given = data[column][run][at.k];
    return given === "-" || given === " " ? "none" : explorer.named(classes, given);
  };
  const reason = data.reasons[data.reason[run][at.k]];
  const cut = data.cut[run].includes(at.k) ? " (cut at the limit of tokens)" : null;
  return el("div", {}, el("h3", { text: "Answer" }),
    el("p", { class: "answer" }, explorer.verdict(explorer.named(classes, letter), label),
      letter === labels[at.k] ? null : el("span", { class: "true", text: `true: ${label}` })),
    reason ? el("p", { class: "reason" }, el("strong", { text: "Why it failed: " }), reason) : null,
    el("dl", { class: "facts" },
      el("div", {}, el("dt", { text: "Free reply" }), el("dd", {}, reply ? el("q", { text: reply }) : "none", cut)),
      el("div", {}, el("dt", { text: "Class it gives" }), el("dd", { text: named("parsed") })),
      reply ? el("div", {}, el("dt", { text: "By other rules" }), el("dd", { text: `exact: ${named("exact")}; first name in it: ${named("substring")}` })) : null),
    shares ? explorer.bars(classes, shares, explorer.scores(data, run), at.k, label)
      : el("p", { class: "note", text: "There are no class scores: this system gives none, or there was no answer." }));
};

explorer.bars = (classes, shares, scores, k, label) => {
  const { el } = explorer;
  const order = classes.map((_, c) => c).sort((a, b) => shares[b] - shares[a]);
  return explorer.table("Class scores", ["Class", "Probability", "", "Log-lik."], order.map((c) => [
    el("span", { class: classes[c] === label ? "truth" : "" }, classes[c], classes[c] === label ? el("span", { class: "tag", text: "true" }) : null),
    el("span", { class: "bar", "aria-hidden": "true" }, el("span", { width: `${(100 * shares[c]).toFixed(1)}%` })),
    shares[c].toFixed(2), scores[k * classes.length + c].toFixed(2).replace("-", "−")]), "numbers bars");
};

explorer.runsTable = (at, data) => {
  const { el } = explorer;
  const { classes, labels } = at.clips;
  const label = explorer.named(classes, labels[at.k]);
  return el("section", { "aria-labelledby": "runs-head" }, el("h2", { id: "runs-head", text: "Training runs" }),
    explorer.table("Answers by training run", ["Run", "Answer", "Its probability", "Free reply"], data.runs.map((number, run) => {
      const shares = explorer.probabilities(explorer.scores(data, run), at.k, classes.length);
      return [String(number), explorer.verdict(explorer.named(classes, data.predictions[run][at.k]), label),
        shares ? Math.max(...shares).toFixed(2) : "–", data.replies[data.reply[run][at.k]] ?? "–"];
    }), "numbers"));
};

explorer.others = (at, choose) => {
  const { el } = explorer;
  const { classes, labels } = at.clips;
  const label = explorer.named(classes, labels[at.k]);
  const rows = explorer.first.conditions.filter((row) => at.answers[row.condition]).map((row) => {
    const given = at.answers[row.condition];
    const letter = (given[at.run - 1] ?? given[0])[at.k];
    return { name: row.condition, letter, answer: explorer.named(classes, letter) };
  });
  const right = rows.filter((row) => row.answer === label).length;
  return el("section", { "aria-labelledby": "others" },
    el("h2", { id: "others", text: "What every condition answered" }),
    el("p", { class: "note", text: `${right} of ${rows.length} are right. Choose one to see its prompt and scores.` }),
    el("ul", { class: "others" }, rows.map((row) => el("li", {}, el("button", {
      type: "button", class: row.name === at.condition ? "own" : "", "aria-pressed": row.name === at.condition ? "true" : "false",
      onclick: () => { choose({ v: row.name }); document.getElementById("said-head").scrollIntoView({ block: "start" }); },
    }, el("span", { class: "who", text: row.name }), explorer.verdict(row.answer, label))))));
};

explorer.alike = (at, data, run) => {
  const { el } = explorer;
  const { clips, k } = at;
  const scores = explorer.scores(data, run);
  const found = scores ? explorer.neighbours(scores, k, clips.classes.length, clips.names.length) : [];
  if (!found.length) return null;
  return el("section", { "aria-labelledby": "alike" },
    el("h2", { id: "alike", text: "Clips it finds alike" }),
    el("p", { class: "note", text: `Nearest by the class scores of ${at.condition} (Hellinger’s distance).` }),
    el("ul", { class: "grid few" }, found.map(([other, distance]) => {
      const label = explorer.named(clips.classes, clips.labels[other]);
      return el("li", {}, el("a", { class: "card", href: explorer.link(["clip", clips.dataset, clips.names[other]], { ...at.want, v: at.condition }) },
        explorer.thumbnail(clips, other), el("span", { class: "name", text: clips.names[other] }), el("span", { class: "label", text: label }),
        explorer.verdict(explorer.named(clips.classes, data.predictions[run][other]), label),
        el("span", { class: "runs", text: `distance ${distance.toFixed(3)}` })));
    })));
};
