// Jumping, filtering, themes. Without this script the page shows everything and its links work.
(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const root = document.documentElement;
  root.classList.add("scripted");

  // Themes: that of the system until somebody asks for the other one.
  const theme = document.querySelector("button.theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const showTheme = () => theme.setAttribute("aria-pressed", String(isDark()));
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    showTheme();
  });
  dark.addEventListener("change", showTheme);
  showTheme();

  // Several notebooks: the index or one of them, by the fragment of the address.
  const notebooks = all("article.notebook");
  const index = document.querySelector("section.index");
  const wanted = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    return id ? document.getElementById(id) : null;
  };
  const show = (notebook) => {
    index.hidden = Boolean(notebook);
    notebooks.forEach((one) => (one.hidden = one !== notebook));
  };
  const follow = () => {
    const target = wanted();
    const inside = target && target.closest("article.notebook");
    const home = ["", "#", "#top"].includes(location.hash);
    if (index && (inside || home)) show(inside);
    if (!target) return;
    const details = target.closest("details");
    if (details) details.open = true;
    if (target.matches(".filtered")) choose([]);
    const heading = target.matches("article.notebook") ? target.querySelector("h2") : target;
    heading.focus({ preventScroll: true });
    heading.scrollIntoView();
  };

  // The filter: cells with one of the pressed verdicts, or all if none is pressed.
  const buttons = all(".filter button[data-verdict]");
  const showAll = document.querySelector(".filter .all");
  const status = document.querySelector(".filter .status");
  const cells = all("section.cell");
  const choose = (verdicts) => {
    buttons.forEach((one) => one.setAttribute("aria-pressed", String(verdicts.includes(one.dataset.verdict))));
    let shown = 0;
    cells.forEach((cell) => {
      const hide = verdicts.length > 0 && !verdicts.includes(cell.dataset.verdict);
      cell.classList.toggle("filtered", hide);
      shown += !hide;
    });
    all(".index tbody tr").forEach((row) => {
      const found = row.dataset.verdicts.split(" ");
      row.hidden = verdicts.length > 0 && !verdicts.some((verdict) => found.includes(verdict));
    });
    showAll.hidden = verdicts.length === 0;
    status.textContent = verdicts.length ? `${shown} of ${cells.length} cells shown` : "";
  };
  buttons.forEach((button) =>
    button.addEventListener("click", () => {
      const pressed = buttons.filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.verdict);
      const verdict = button.dataset.verdict;
      choose(pressed.includes(verdict) ? pressed.filter((one) => one !== verdict) : [...pressed, verdict]);
    }),
  );
  if (showAll) {
    showAll.addEventListener("click", () => {
      choose([]);
      buttons[0].focus();
    });
  }

  // What a cell needs after a restart: the cells that define it are outlined as long as one points at the answer.
  const outline = (button, on) => {
    const notebook = button.closest("article.notebook");
    button.dataset.needs
      .split(" ")
      .filter(Boolean)
      .forEach((number) => {
        const cell = document.getElementById(`${notebook.id}-c${number}`);
        if (cell) cell.classList.toggle("needed", on);
      });
  };
  all(".tip").forEach((tip) => {
    const button = tip.querySelector("button");
    const set = (on) => {
      tip.classList.toggle("shown", on);
      outline(button, on);
    };
    tip.addEventListener("mouseenter", () => set(true));
    tip.addEventListener("mouseleave", () => set(false));
    button.addEventListener("focus", () => set(true));
    button.addEventListener("blur", () => set(false));
    button.addEventListener("click", () => set(true));
    tip.addEventListener("keydown", (event) => event.key === "Escape" && set(false));
  });

  // On paper nothing is folded.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    folded.forEach((one) => (one.open = true));
  });
  addEventListener("afterprint", () => folded.forEach((one) => (one.open = false)));

  if (index) show(null);
  addEventListener("hashchange", follow);
  follow();
})();
