// The map's part of the page's script: the image under the pointer or chosen by the arrow keys, and classes set apart. Without it the map
// is whole, only silent.
export const mapScript = `
(() => {
  for (const figure of document.querySelectorAll("figure.map")) {
    const points = JSON.parse(figure.dataset.points), names = JSON.parse(figure.dataset.names), columns = +figure.dataset.columns;
    const svg = figure.querySelector(".stage svg"), here = figure.querySelector(".here"), stage = figure.querySelector(".stage");
    const shown = figure.querySelector(".preview .tile"), said = figure.querySelector(".said"), chosen = new Map();
    const groups = [...figure.querySelectorAll("g[data-class]")], buttons = [...figure.querySelectorAll(".legend button")];
    let at = -1;
    const show = (index) => {
      at = index;
      const [tile, x, y, label, predicted] = points[index];
      here.removeAttribute("hidden"); here.setAttribute("cx", x); here.setAttribute("cy", y);
      shown.hidden = false;
      shown.style.setProperty("--x", tile % columns); shown.style.setProperty("--y", Math.floor(tile / columns));
      said.textContent = names.length === 0 ? "Image " + (index + 1) + " of " + points.length : names[label] + (label === predicted ? " \u2713" : " \u2717 taken for " + names[predicted]);
      if (names.length > 10 && !chosen.size) paint(label);
    };
    const paint = (label) => {
      const wanted = chosen.size ? chosen : label === undefined ? new Map() : new Map([[label, 0]]);
      for (const one of [...groups, ...buttons.map((button) => button.querySelector("svg"))]) {
        const own = +(one.dataset.class ?? one.parentNode.dataset.class), colour = wanted.get(own);
        if (one.tagName === "g") one.classList.toggle("dim", chosen.size > 0 && colour === undefined);
        if (names.length > 10) one.setAttribute("class", colour === undefined ? "plain" + (one.classList.contains("dim") ? " dim" : "") : "k" + colour);
      }
    };
    const near = (x, y) => {
      let best = -1, least = Infinity;
      points.forEach((point, index) => {
        if (chosen.size && !chosen.has(point[3])) return;
        const far = (point[1] - x) ** 2 + (point[2] - y) ** 2;
        if (far < least) { least = far; best = index; }
      });
      return least < 900 ? best : -1;
    };
    const point = (event) => {
      const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
      const index = near((event.clientX - box.left) * scale, (event.clientY - box.top) * scale);
      if (index >= 0) show(index);
    };
    svg.addEventListener("pointermove", point);
    svg.addEventListener("pointerdown", point);
    stage.addEventListener("focus", () => { if (at < 0 && points.length) show(0); });
    stage.addEventListener("keydown", (event) => {
      const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!way || at < 0) return;
      event.preventDefault();
      let best = -1, least = Infinity;
      points.forEach((other, index) => {
        if (index === at || (chosen.size && !chosen.has(other[3]))) return;
        const dx = other[1] - points[at][1], dy = other[2] - points[at][2];
        const along = dx * way[0] + dy * way[1], across = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
        if (along <= 0 || across > 2 * along) return;
        const far = along + 2 * across;
        if (far < least) { least = far; best = index; }
      });
      if (best >= 0) show(best);
    });
    for (const button of buttons) button.addEventListener("click", () => {
      const label = +button.dataset.class;
      if (chosen.has(label)) chosen.delete(label);
      else if (chosen.size < 10) {
        const taken = new Set(chosen.values());
        chosen.set(label, names.length > 10 ? [0,1,2,3,4,5,6,7,8,9].find((colour) => !taken.has(colour)) : label);
      }
      button.setAttribute("aria-pressed", chosen.has(label));
      paint();
    });
  }
})();
`;
