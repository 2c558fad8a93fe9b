"use strict";
// A clip over time: its frames, its action units with the event, and which frames each sampler takes.

// What the action units are called in FACS (Ekman, Friesen and Hager 2002).
explorer.UNITS = {
  1: "inner brow raised", 2: "outer brow raised", 4: "brows lowered", 5: "upper lids raised", 6: "cheeks raised",
  7: "lids tightened", 9: "nose wrinkled", 10: "upper lip raised", 12: "lip corners pulled up", 14: "dimples",
  15: "lip corners down", 16: "lower lip down", 17: "chin raised", 18: "lips puckered", 20: "lips stretched",
  22: "lips funnelled", 23: "lips tightened", 24: "lips pressed", 25: "lips parted", 26: "jaw dropped",
  27: "mouth stretched", 28: "lips sucked in", 43: "eyes closed", 45: "blink", 61: "gaze left", 62: "gaze right",
  63: "gaze up", 64: "gaze down",
};
explorer.ASIDE = [43, 45, 61, 62, 63, 64]; // say nothing of the emotion
explorer.MOST_UNITS = 10;
explorer.MOST_FRAMES = 24; // of a strip

explorer.unitName = (unit) => {
  const [, side, number] = /^AU([LR]?)(\d+)$/.exec(unit);
  return `${explorer.UNITS[number] ?? unit}${{ L: ", left", R: ", right" }[side] ?? ""}`;
};

explorer.timesOf = (clips, k, detail) => detail.times ?? Array.from({ length: clips.frames[k] }, (_, i) => i / clips.fps[k]);

explorer.timeline = (clips, k, part, detail, condition) => {
  const { el } = explorer;
  const times = explorer.timesOf(clips, k, detail);
  if (!times.length) return el("p", { class: "gated", text: `This clip has no frames: ${clips.unread[k] ?? "it could not be read"}` });
  const span = times.length > 1 ? times[times.length - 1] + times[1] - times[0] : 1;
  const at = (time) => `${(100 * time) / span}%`;
  const rows = [];
  const row = (name, about, ...content) => {
    rows.push(el("div", { class: "track-name", title: about }, el("strong", { text: name }), about ? ` ${about}` : ""));
    rows.push(el("div", { class: "track" }, explorer.event(detail, at), ...content));
  };
  const strip = explorer.strip(clips, k, part, detail, times);
  rows.push(el("div", { class: "track-name", text: clips.pictures ? "Frames" : "Frames (not shown)" }), strip);
  const units = explorer.units(detail);
  const full = Math.max(0.5, ...units.map((unit) => unit.peak));
  for (const unit of units.slice(0, explorer.MOST_UNITS)) row(unit.name, explorer.unitName(unit.name), explorer.area(unit, times, span, full));
  rows.push(el("div", { class: "track-name" }), explorer.axis(span, at));
  rows.push(el("h3", { class: "track-head", text: "Frames that each sampler takes" }));
  const own = explorer.conditions.get(condition)?.frames;
  const samplers = explorer.first.samplers.filter((s) => detail.samples[s]).sort((a, b) => (b === own) - (a === own));
  for (const name of samplers) {
    const taken = detail.samples[name];
    rows.push(el("div", { class: `track-name${name === own ? " own" : ""}` }, el("strong", { text: name }), ` ${taken.length}`,
      el("span", { class: "unseen", text: ` frames at ${taken.slice(0, 40).map((i) => times[i].toFixed(2)).join(", ")} s` })));
    rows.push(el("div", { class: `track sampler${name === own ? " own" : ""}` }, explorer.event(detail, at), explorer.ticks(taken, times, span)));
  }
  const left = units.length - explorer.MOST_UNITS;
  return el("div", {},
    el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Timeline" }, el("div", { class: "timeline" }, rows)),
    el("p", { class: "note" }, explorer.eventWords(detail),
      units.length ? ` Action units: full height is an intensity of ${full.toFixed(1)}.` : "",
      left > 0 ? ` ${left} weaker ones are left out.` : "",
      " Marks of samplers: the stronger, the later the frame is shown."));
};

// The label's expression from onset to offset, its apex darker.
explorer.event = (detail, at) => {
  if (!detail.event) return null;
  const [onset, apex, end, offset] = detail.event;
  const band = (kind, from, to) => explorer.el("span", { class: kind, left: at(from), width: at(to - from) });
  return explorer.el("span", { "aria-hidden": "true" }, band("event", onset, offset), band("apex", apex, end));
};

explorer.eventWords = (detail) => {
  if (!detail.units) return "Action units are known of rendered clips only.";
  if (!detail.event) return "No expression to be seen: nothing is shaded.";
  const [onset, apex, end, offset] = detail.event.map((x) => x.toFixed(2));
  return `Shaded: the label’s expression, onset ${onset} s, apex ${apex} to ${end} s, offset ${offset} s.`;
};

// Action units by their peak, those that say nothing of the emotion last.
explorer.units = (detail) => Object.entries(detail.units ?? {}).map(([name, text]) => {
  const values = Array.from(explorer.bytes(text), (byte) => byte / 200);
  return { name, values, peak: Math.max(...values), aside: explorer.ASIDE.includes(Number(name.slice(2))) };
}).sort((a, b) => a.aside - b.aside || b.peak - a.peak);

explorer.area = (unit, times, span, full) => {
  const points = unit.values.map((value, i) => `${times[i].toFixed(3)},${(full - value).toFixed(3)}`).join(" L");
  return explorer.svg("svg", {
    viewBox: `0 0 ${span} ${full}`, preserveAspectRatio: "none", role: "img", class: unit.aside ? "aside" : "",
    "aria-label": `${unit.name} ${explorer.unitName(unit.name)}, peak ${unit.peak.toFixed(2)} at ${times[unit.values.indexOf(unit.peak)].toFixed(2)} s`,
  }, explorer.svg("path", { d: `M0,${full} L${points} L${times[times.length - 1].toFixed(3)},${full} Z` }));
};

explorer.ticks = (taken, times, span) => explorer.svg("svg", { viewBox: "0 0 1000 20", preserveAspectRatio: "none", "aria-hidden": "true" },
  taken.map((frame, k) => explorer.svg("rect", {
    x: (1000 * times[frame]) / span, y: 3, width: 4.5, height: 14,
    opacity: (0.3 + (0.7 * (k + 1)) / taken.length).toFixed(2),
  })));

explorer.axis = (span, at) => {
  const step = [0.25, 0.5, 1, 2, 5, 10, 30].find((one) => span / one <= 8) ?? 60;
  const marks = Array.from({ length: Math.floor(span / step + 1e-6) + 1 }, (_, k) => k * step);
  return explorer.el("div", { class: "axis", "aria-hidden": "true" },
    marks.filter((time) => time / span < 0.97).map((time) => explorer.el("span", { left: at(time), text: `${time} s` })));
};

// The kept frames where they are in time; without pictures, their places.
explorer.strip = (clips, k, part, detail, times) => {
  const n = detail.strip.length || Math.min(12, times.length);
  const shown = explorer.evenly(n, Math.min(n, explorer.MOST_FRAMES));
  const strip = explorer.el("div", { class: "track strip", role: "img", "aria-label": `${shown.length} frames of the clip, evenly spread` });
  strip.style.aspectRatio = String(shown.length);
  shown.forEach((j, place) => {
    const style = { left: `${(100 * place) / shown.length}%`, width: `${100 / shown.length}%` };
    strip.append(detail.strip.length
      ? explorer.frame(clips, k, part, detail, j, { ...style, title: `${times[detail.strip[j]].toFixed(2)} s` })
      : explorer.placeholder("", style));
  });
  return strip;
};

explorer.evenly = (n, count) => Array.from({ length: count }, (_, j) => Math.floor((j * n) / count));

// Picture `j` of a clip's strip.
explorer.frame = (clips, k, part, detail, j, attributes = {}) => {
  const sheet = explorer.shareOf(k, clips.names.length, clips.details);
  const last = part.clips[part.clips.length - 1];
  const rows = Math.max(1, Math.ceil((last.start + last.strip.length) / part.columns));
  return explorer.tile(`data/${clips.dataset}/strips.${sheet}.webp`, detail.start + j, part.columns, rows, attributes);
};

// A larger picture with a slider through the kept frames; it plays on request only.
explorer.player = (clips, k, part, detail) => {
  const { el } = explorer;
  const times = explorer.timesOf(clips, k, detail);
  if (!detail.strip.length) return explorer.placeholder(clips.pictures ? "no frames" : "no picture", { class: "tile blank large" });
  const holder = el("div", { class: "large" });
  const out = el("output", {});
  const slider = el("input", { type: "range", min: 0, max: detail.strip.length - 1, value: 0, "aria-label": "Frame of the clip",
    oninput: () => { stop(); show(Number(slider.value)); } });
  const show = (j) => {
    slider.value = j;
    const time = `${times[detail.strip[j]].toFixed(2)} s`;
    slider.setAttribute("aria-valuetext", time);
    out.textContent = time;
    holder.replaceChildren(explorer.frame(clips, k, part, detail, j, { role: "img", "aria-label": `frame at ${time}` }));
  };
  let playing = null;
  const stop = () => { clearInterval(playing); playing = null; button.textContent = "▶ Play"; };
  const button = el("button", { type: "button", class: "quiet button", text: "▶ Play", onclick: () => {
    if (playing) return stop();
    button.textContent = "❚❚ Pause";
    playing = setInterval(() => {
      if (!button.isConnected) return stop();
      show((Number(slider.value) + 1) % detail.strip.length);
    }, 200);
  } });
  const event = detail.event ? (detail.event[1] + detail.event[2]) / 2 : times[times.length - 1] / 2;
  show(explorer.nearest(detail, times, event));
  return el("div", { class: "player" }, holder, slider, el("div", { class: "controls" }, button, out));
};

// The kept frame nearest to a time.
explorer.nearest = (detail, times, time) => detail.strip.reduce((best, frame, j) =>
  (Math.abs(times[frame] - time) < Math.abs(times[detail.strip[best]] - time) ? j : best), 0);
