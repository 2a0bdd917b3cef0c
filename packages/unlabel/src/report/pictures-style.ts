// Looks of what shows pictures: tiles, neighbour sheets and the map. Ten colours for classes, told apart with any colour vision by
// lightness and, together with five shapes, without colour (after Paul Tol's "muted" scheme, adjusted for either ground).
export const picturesStyle = `
:root {
  --k0: light-dark(#332288, #9b8cff); --k1: light-dark(#cc6677, #ee8a9a); --k2: light-dark(#117733, #3fb56b);
  --k3: light-dark(#b8901f, #ddcc77); --k4: light-dark(#3f9fd0, #88ccee); --k5: light-dark(#882255, #d0608f);
  --k6: light-dark(#2a9384, #44c9b4); --k7: light-dark(#7d7d1c, #b9b94a); --k8: light-dark(#aa4499, #d67fc8); --k9: light-dark(#5d626b, #b9bec6);
}
.tile { --e: 48px; display: inline-block; width: var(--e); height: var(--e); border-radius: 3px; background-color: var(--raised); background-repeat: no-repeat; background-size: calc(var(--c) * var(--e)) auto; background-position: calc(var(--x) * var(--e) * -1) calc(var(--y) * var(--e) * -1); vertical-align: top; }
.tiles { display: flex; flex-wrap: wrap; gap: 5px; }
.sheets { display: grid; gap: 0.9rem; }
.cluster { break-inside: avoid; } .cluster > small { display: block; margin-bottom: 0.2rem; }
.sheet-row { display: flex; flex-wrap: wrap; gap: 0.4rem 1rem; align-items: start; break-inside: avoid; }
.query { display: flex; gap: 0.6rem; width: 12.5rem; font-size: 0.8125rem; line-height: 1.3; }
.query span:last-child { min-width: 0; flex: 1; overflow-wrap: anywhere; display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical; overflow: hidden; }
.found { display: grid; gap: 3px; font-size: 0.6875rem; line-height: 1.2; color: var(--soft); text-align: center; }
.found .tile { outline: 2px solid var(--run2); outline-offset: 1px; margin: 2px; }
.found.wrong .tile { outline: 2px dashed var(--run1); }
.found.plain .tile { outline: none; margin: 0; }
.asked { border-top: 1px solid var(--rule); padding-top: 0.9rem; }
.by-run { display: grid; gap: 0.6rem; flex: 1; min-width: min(100%, 20rem); }
.by-run > div > small { color: var(--soft); font-size: 0.75rem; }
.found small { font-size: inherit; white-space: nowrap; }
.forming td { vertical-align: top; padding-right: 1.2rem; }
.forming th .tile, .forming .large .tile { --e: 72px; }
.forming .large { display: flex; gap: 4px; min-height: 72px; }
.forming .near { display: flex; gap: 3px; margin-top: 6px; }
.forming .near .tile { --e: 24px; }
.forming .near .right .tile { outline: 2px solid var(--run2); }
.forming .near .wrong .tile { outline: 2px dashed var(--run1); }
.mistaken { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20.5rem), 1fr)); gap: 0.9rem 1.5rem; margin-top: 0.8rem; }
.mistaken p { margin: 0 0 0.3rem; }
.mistaken b { color: var(--ink); font-weight: 600; }
.maps { grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); }
.pair.maps svg { max-width: none; }
.stage { border: 1px solid var(--rule); border-radius: 6px; background: var(--paper); touch-action: pan-y; }
.stage svg { width: 100%; overflow: hidden; cursor: crosshair; }
.map path { fill: var(--k); stroke: var(--paper); stroke-width: 0.5; fill-opacity: 0.88; }
.map path.off { fill: var(--paper); fill-opacity: 0.6; stroke: var(--k); stroke-width: 1.4; }
.map .dim { opacity: 0.1; }
.map .plain { --k: var(--soft); }
.map .own { --k: var(--own); }
.map .here { fill: none; stroke: var(--ink); stroke-width: 2; }
${Array.from({ length: 10 }, (_, at) => `.map .k${at} { --k: var(--k${at}); }`).join("\n")}
.preview { display: flex; gap: 0.9rem; align-items: center; min-height: 104px; margin: 0.6rem 0; font-size: 0.875rem; line-height: 1.45; }
.preview .tile { --e: 96px; flex: none; }
.preview .tile[hidden] { display: none; }
.said { min-width: 0; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: 0.3rem; }
.legend.many { max-height: 9.5rem; overflow-y: auto; }
.legend button { display: inline-flex; align-items: center; gap: 0.35rem; font: inherit; font-size: 0.75rem; color: var(--ink); background: none; border: 1px solid var(--rule); border-radius: 99px; padding: 0.1rem 0.6rem 0.1rem 0.4rem; cursor: pointer; max-width: 100%; }
.legend button:hover { border-color: var(--soft); }
.legend button[aria-pressed="true"] { background: var(--mark); border-color: var(--soft); }
.pair.maps .legend svg { width: 12px; flex: none; }
@media (max-width: 46rem) { .query { width: 100%; } .found .tile { --e: 40px; } }
@media print { .preview { display: none; } .mistaken, .map, .sheet-row, .cluster { break-inside: avoid; } }
`;
