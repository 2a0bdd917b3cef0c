// The page's only script: theme, matrix read-out, open details for print. The page is whole without it.
export const script = `
(() => {
  const root = document.documentElement, button = document.querySelector(".theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const show = () => { button.textContent = dark() ? "Light" : "Dark"; button.setAttribute("aria-label", "Switch to " + button.textContent.toLowerCase() + " colours"); };
  button.hidden = false;
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; show(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
  for (const svg of document.querySelectorAll(".matrix")) {
    const names = JSON.parse(svg.dataset.names), counts = JSON.parse(svg.dataset.counts);
    const label = +svg.dataset.label, edge = +svg.dataset.edge, out = svg.closest("figure").querySelector(".readout"), rest = out.textContent;
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
      const x = Math.floor(((event.clientX - box.left) * scale - label) / edge), y = Math.floor((event.clientY - box.top) * scale / edge);
      const row = counts[y];
      if (!row || row[x] === undefined) { out.textContent = rest; return; }
      const total = row.reduce((a, b) => a + b, 0);
      out.textContent = names[y] + " taken for " + names[x] + ": " + row[x] + " of " + total + (total ? " (" + (row[x] / total * 100).toFixed(1) + "\\u00a0%)" : "");
    });
    svg.addEventListener("pointerleave", () => { out.textContent = rest; });
  }
  const closed = new Set();
  addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("details:not([open])")) { closed.add(one); one.open = true; } });
  addEventListener("afterprint", () => { for (const one of closed) one.open = false; closed.clear(); });
  const links = [...document.querySelectorAll("nav a")];
  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting)
      for (const link of links) link.hash === "#" + target.id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  }, { rootMargin: "-15% 0px -75% 0px" });
  for (const section of document.querySelectorAll("main > section[id]")) watch.observe(section);
})();
`;
