"use strict";
// Data: the first is in the page; the rest are scripts beside it, read when a view needs them, for a page that was
// opened from disk may not fetch. Each of them calls explorer.take once (report/explorer_data.py writes them).

const explorer = {
  first: JSON.parse(document.getElementById("first").textContent),
  loads: new Map(),
  takers: new Map(),
};

explorer.conditions = new Map(explorer.first.conditions.map((row) => [row.condition, row]));

explorer.take = (name, value) => {
  explorer.takers.get(name)?.(value);
  explorer.takers.delete(name);
};

// The value of data/<name>.js; read once.
explorer.load = (name) => {
  if (!explorer.loads.has(name)) {
    explorer.loads.set(name, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      explorer.takers.set(name, resolve);
      script.onerror = () => {
        explorer.loads.delete(name);
        reject(new Error(`The file data/${name}.js is not beside this page. Data on single clips of a dataset that ` +
          "may not be passed on is left out when a study is shared; otherwise copy the whole folder, or build it again."));
      };
      script.onload = () => script.remove();
      script.src = `data/${name}.js`;
      document.head.append(script);
    }));
  }
  return explorer.loads.get(name);
};

// Which of `parts` files holds clip number `place` of `n`.
explorer.shareOf = (place, n, parts) => Math.floor((place * parts) / n);

explorer.bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

// Log-likelihoods of all clips in one run: Float32Array, one row a clip; null where a system gives none.
explorer.scores = (answers, run) => {
  answers.unpacked ??= answers.scores.map((text) => text && new Float32Array(explorer.bytes(text).buffer));
  return answers.unpacked[run];
};

// Probabilities of the classes for one clip, or null.
explorer.probabilities = (scores, clip, classes) => {
  if (!scores) return null;
  const own = Array.from(scores.subarray(clip * classes, (clip + 1) * classes));
  if (own.some(Number.isNaN)) return null;
  const highest = Math.max(...own);
  const shares = own.map((score) => Math.exp(score - highest));
  const sum = shares.reduce((a, b) => a + b, 0);
  return shares.map((share) => share / sum);
};

// Class names by letter; "-" is a failure, " " a clip that was not asked about.
explorer.named = (classes, letter) =>
  letter === "-" ? "failed" : letter === " " || letter === undefined ? "not asked" : classes[letter.charCodeAt(0) - 97];
explorer.letterOf = (classes, name) => (name === "failed" ? "-" : String.fromCharCode(97 + classes.indexOf(name)));
