"use strict";
// Which view the hash asks for; the theme.

explorer.view = async ({ path: [name, ...rest], query }) => {
  if (!name) return { key: "start", title: "Start", nodes: explorer.start() };
  if (name === "conditions") return { key: "conditions", title: "Conditions", nodes: explorer.conditionList(query) };
  if (name === "condition") return { key: `condition/${rest[0]}`, title: rest[0], nodes: await explorer.condition(rest[0]) };
  if (name === "clips") {
    return { key: explorer.keyOf({ path: [name], query }), title: "Clips", ...(await explorer.clips(query)) };
  }
  if (name === "clip") return { key: `clip/${rest.join("/")}`, title: rest[1], ...(await explorer.clip(rest[0], rest[1], query)) };
  throw new Error("There is no such view. Start anew from the top of the page.");
};

explorer.keyOf = ({ path, query }) => (path[0] === "clips" ? `clips/${explorer.datasetOf(query)}` : path.length ? path.join("/") : "start");

explorer.show = async () => {
  const place = explorer.place();
  const turn = (explorer.turn = (explorer.turn ?? 0) + 1);
  const main = document.getElementById("main");
  for (const link of document.querySelectorAll(".top nav a")) {
    const own = explorer.place(new URL(link.href).hash).path[0] ?? "";
    const same = own === (place.path[0] ?? "") || (own && (place.path[0] === "clip" ? own === "clips" : own === `${place.path[0]}s`));
    if (same) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  try {
    if (explorer.now?.update && explorer.now.key === explorer.keyOf(place)) {
      await explorer.now.update(place.query);
    } else {
      main.setAttribute("aria-busy", "true");
      const view = await explorer.view(place);
      if (turn !== explorer.turn) return; // one went on meanwhile
      const before = explorer.now;
      explorer.now = view;
      main.replaceChildren(...view.nodes.filter(Boolean));
      document.title = `${view.title} – emovlm explorer`;
      if (before) {
        main.querySelector("h1")?.focus({ preventScroll: true });
        window.scrollTo(0, 0);
      }
    }
  } catch (error) {
    if (turn !== explorer.turn) return;
    explorer.now = { key: "" };
    main.replaceChildren(explorer.el("h1", { tabindex: "-1", text: "This cannot be shown" }),
      explorer.el("p", { class: "gated", role: "alert", text: error.message }), explorer.el("p", {}, explorer.el("a", { href: "#/", text: "Start" })));
  } finally {
    main.removeAttribute("aria-busy");
    document.documentElement.dataset.ready = String(turn);
  }
};

// The theme follows the system until one is chosen; the choice stays, where the browser lets a file keep it.
explorer.theme = (chosen) => {
  const button = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  const now = themes.includes(chosen) ? chosen : "auto";
  if (now === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = now;
  button.textContent = { auto: "◐ Auto", light: "☀ Light", dark: "☾ Dark" }[now];
  button.setAttribute("aria-label", `Colours: ${now}. Change`);
  button.onclick = () => {
    const next = themes[(themes.indexOf(now) + 1) % 3];
    try { localStorage.setItem("emovlm-theme", next); } catch { /* not kept */ }
    explorer.theme(next);
  };
};

try { explorer.theme(localStorage.getItem("emovlm-theme")); } catch { explorer.theme("auto"); }
if (explorer.first.warning) {
  const warning = document.getElementById("warning");
  warning.textContent = explorer.first.warning;
  warning.hidden = false;
}
document.getElementById("foot").textContent = `Study “${explorer.first.study}”, seed ${explorer.first.seed}. Numbers are those of `
  + "results/values.json. This page is made by the workflow and asks for nothing from a network.";
window.addEventListener("hashchange", explorer.show);
explorer.show();
