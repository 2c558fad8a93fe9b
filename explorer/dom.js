"use strict";
// Building elements. Data enters the page as text only, never as markup.

explorer.el = (tag, attributes = {}, ...children) => explorer.fill(document.createElement(tag), attributes, children);
explorer.svg = (tag, attributes = {}, ...children) =>
  explorer.fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

explorer.fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("--") || name === "left" || name === "width" && element.style && typeof value === "string")
      element.style.setProperty(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
};

explorer.say = (text) => {
  const box = document.getElementById("said");
  box.textContent = text;
  box.classList.add("shown");
  clearTimeout(explorer.saying);
  explorer.saying = setTimeout(() => box.classList.remove("shown"), 4000);
};

// A number of results/values.json: its text; its id is copied by a click.
explorer.value = (value, text) => {
  if (!value) return explorer.el("span", { class: "absent", text: "–", "aria-label": "none" });
  const n = value.n === null ? "" : `, n = ${value.n}`;
  return explorer.el("button", {
    type: "button", class: "value", text: text ?? value.text, title: `${value.id}${n}`,
    "aria-label": `${text ?? value.text}${n}; copy its id ${value.id}`,
    onclick: async () => {
      let how = "copied";
      try { await navigator.clipboard.writeText(value.id); } catch { how = "its id in results/values.json"; }
      explorer.say(`${value.id} (${how})`);
    },
  });
};

// An answer with a mark that does not depend on colour.
explorer.verdict = (name, label) => {
  const kind = name === "failed" || name === "not asked" ? "failed" : name === label ? "right" : "wrong";
  const mark = { right: "✓", wrong: "✗", failed: "!" }[kind];
  const words = { right: "right", wrong: "wrong", failed: "no answer" }[kind];
  return explorer.el("span", { class: `mark ${kind}` },
    explorer.el("span", { class: "sign", "aria-hidden": "true", text: mark }), ` ${name}`,
    explorer.el("span", { class: "unseen", text: `, ${words}` }));
};

// One tile of a sprite sheet that is `columns` tiles wide and `rows` high, stretched over an element.
explorer.tile = (sheet, number, columns, rows, attributes = {}) => {
  const element = explorer.el("div", { class: "tile", ...attributes });
  const place = (k, n) => (n > 1 ? (k / (n - 1)) * 100 : 0);
  element.style.backgroundImage = `url("${sheet}")`;
  element.style.backgroundSize = `${columns * 100}% ${rows * 100}%`;
  element.style.backgroundPosition = `${place(number % columns, columns)}% ${place(Math.floor(number / columns), rows)}%`;
  return element;
};

explorer.placeholder = (text, attributes = {}) =>
  explorer.el("div", { class: "tile blank", title: "Pictures of this dataset may not be passed on", ...attributes },
    explorer.el("span", { text }));

// The thumbnail of a clip, or the place of one. `sizes` counts the tiles of each sheet.
explorer.thumbnail = (clips, k) => {
  const place = clips.thumb[k];
  if (!place) return explorer.placeholder(clips.pictures ? "no frames" : "no picture", { "aria-hidden": "true" });
  const [sheet, number, columns] = place;
  clips.sizes ??= clips.thumb.reduce((sizes, one) => {
    if (one) sizes[one[0]] = (sizes[one[0]] ?? 0) + 1;
    return sizes;
  }, {});
  return explorer.tile(`data/${clips.dataset}/thumbs.${sheet}.webp`, number, columns,
    Math.ceil(clips.sizes[sheet] / columns), { "aria-hidden": "true" });
};

// A table: heads are texts, rows are arrays whose first cell is the row's head. Wide ones scroll in their own box.
explorer.table = (caption, heads, rows, kind = "") => {
  const { el } = explorer;
  return el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption },
    el("table", { class: kind },
      el("caption", { class: "unseen", text: caption }),
      el("thead", {}, el("tr", {}, heads.map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell, k) =>
        (k ? el("td", {}, cell) : el("th", { scope: "row" }, cell))))))));
};

// A labelled select; options are [value, text] or {group, options}.
explorer.select = (label, options, value, onchange, attributes = {}) => {
  const { el } = explorer;
  const one = ([key, text]) => el("option", { value: key, selected: key === value }, text);
  const box = el("select", { onchange: (event) => onchange(event.target.value), ...attributes },
    options.map((o) => (o.group ? el("optgroup", { label: o.group }, o.options.map(one)) : one(o))));
  return explorer.field(label, box);
};

// A control under its label.
explorer.field = (label, box, kind = "") => {
  explorer.fieldsMade = (explorer.fieldsMade ?? 0) + 1;
  box.id = `field-${explorer.fieldsMade}`;
  return explorer.el("div", { class: `field ${kind}` }, explorer.el("label", { for: box.id, text: label }), box);
};

// Options of a select of conditions, by system.
explorer.conditionOptions = (dataset) => {
  const groups = new Map();
  for (const row of explorer.first.conditions) {
    if (row.dataset !== dataset) continue;
    if (!groups.has(row.label)) groups.set(row.label, []);
    groups.get(row.label).push([row.condition, row.condition]);
  }
  return [...groups].map(([group, options]) => ({ group, options }));
};

// A point with its interval on a line from `low` to `high`; the numbers stand beside it.
explorer.whisker = (value, low = 0, high = 1) => {
  const at = (x) => `${(100 * (Math.min(high, Math.max(low, x)) - low)) / (high - low)}%`;
  if (!value || typeof value.value !== "number") return explorer.el("span");
  const parts = [explorer.svg("line", { x1: 0, x2: "100%", y1: 7, y2: 7, class: "rail" })];
  if (value.low !== null) parts.push(explorer.svg("line", { x1: at(value.low), x2: at(value.high), y1: 7, y2: 7, class: "range" }));
  parts.push(explorer.svg("circle", { cx: at(value.value), cy: 7, r: 3, class: "point" }));
  return explorer.svg("svg", { class: "whisker", "aria-hidden": "true" }, parts);
};
