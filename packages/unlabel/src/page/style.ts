// The page's looks: system fonts, one accent a run (Okabe and Ito's colour-blind-safe set, adjusted for contrast on
// either ground), light and dark by the reader's preference or the button, always light on paper.
/** Colours and fonts, which pages that are served have, too. */
export const colours = `:root {
  color-scheme: light dark;
  --paper: light-dark(#fdfdfc, #131519);
  --raised: light-dark(#f5f5f2, #1b1e24);
  --ink: light-dark(#1b1d21, #e7e8ea);
  --soft: light-dark(#5d626b, #9ba1ab);
  --rule: light-dark(#dfdfda, #2e323a);
  --grid: light-dark(#e9e9e5, #262a31);
  --accent: light-dark(#0b62a4, #6db6ec);
  --mark: light-dark(#fff3d1, #3a3115);
  --warn: light-dark(#a34100, #f0a35e);
  --untrained: light-dark(#9a9ea6, #7b818c);
  --pixels: light-dark(#cfd1d5, #4b505a);
  --majority: light-dark(#e3e3df, #363a43);
  --run0: light-dark(#0b6fb8, #5aaeea);
  --run1: light-dark(#c85a00, #f0913e);
  --run2: light-dark(#00855f, #35c29a);
  --run3: light-dark(#a8488a, #dd8fc2);
  --run4: light-dark(#8a6d00, #d9b93a);
  --run5: light-dark(#5b5bb5, #a3a3f0);
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
}
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
`;

export const style = `
${colours}*, *::before, *::after { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 var(--sans); font-variant-numeric: tabular-nums; }
a { color: var(--accent); text-underline-offset: 0.15em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 3px; }
.page { display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: 3.5rem; max-width: 82rem; margin: 0 auto; padding: 0 2.5rem; }
aside { position: sticky; top: 0; align-self: start; padding-top: 3.4rem; font-size: 0.875rem; }
.brand { font-weight: 700; letter-spacing: -0.01em; font-size: 1rem; margin: 0 0 1.4rem; }
nav ol { list-style: none; margin: 0; padding: 0; }
nav a { display: block; padding: 0.22rem 0; color: var(--soft); text-decoration: none; }
nav a:hover, nav a[aria-current] { color: var(--ink); }
nav a[aria-current] { font-weight: 600; }
.theme { margin-top: 1.4rem; font: inherit; font-size: 0.8125rem; color: var(--soft); background: none; border: 1px solid var(--rule); border-radius: 99px; padding: 0.2rem 0.8rem; cursor: pointer; min-width: 4.2rem; }
.theme:hover { color: var(--ink); border-color: var(--soft); }
main { padding: 3.2rem 0 5rem; min-width: 0; }
section { margin: 0 0 4.5rem; scroll-margin-top: 2rem; }
h1, h2, h3 { line-height: 1.25; letter-spacing: -0.015em; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: clamp(1.6rem, 1.1rem + 2.1vw, 2.35rem); font-weight: 680; margin: 0.3rem 0 1.2rem; max-width: 24em; }
h2 { font-size: 1.375rem; font-weight: 660; margin: 0 0 0.6rem; padding-top: 1.1rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; font-weight: 650; margin: 2rem 0 0.5rem; letter-spacing: 0; }
h3 small, .quiet { font-weight: 400; color: var(--soft); font-size: 0.875rem; }
.kicker { color: var(--soft); font-size: 0.875rem; margin: 0; }
p, ul.prose { max-width: 44em; margin: 0 0 0.9rem; overflow-wrap: break-word; text-wrap: pretty; }
ul.prose { padding-left: 1.1rem; }
ul.prose li { margin: 0.3rem 0; padding-left: 0.2rem; }
ul.prose li::marker { color: var(--soft); }
.lede { font-size: 1.0625rem; max-width: 46em; }
.note { color: var(--soft); font-size: 0.875rem; line-height: 1.5; }
.warn { color: var(--warn); }
.dot { display: inline-block; width: 0.65em; height: 0.65em; border-radius: 2px; margin-right: 0.5em; background: var(--color); }
.scroll { overflow-x: auto; overscroll-behavior-x: contain; margin: 0 0 1rem; }
table { border-collapse: collapse; font-size: 0.875rem; line-height: 1.4; min-width: 100%; }
th, td { text-align: left; padding: 0.5rem 0.95rem 0.5rem 0; border-bottom: 1px solid var(--rule); vertical-align: baseline; }
th { font-weight: 600; }
thead th { color: var(--soft); font-weight: 500; font-size: 0.8125rem; white-space: nowrap; border-bottom-color: var(--soft); }
td { white-space: nowrap; }
td.text { white-space: normal; min-width: 6.5rem; overflow-wrap: anywhere; }
th.n, td.n { text-align: right; white-space: nowrap; }
th.n + th:not(.n), td.n + td:not(.n) { padding-left: 1.2rem; }
th:last-child, td:last-child { padding-right: 0; }
td small, th small { display: block; color: var(--soft); font-size: 0.75rem; font-weight: 400; white-space: nowrap; }
td b { font-weight: 680; }
td small.first { color: var(--accent); font-weight: 600; }
tbody th { max-width: 15rem; min-width: 8rem; overflow-wrap: anywhere; }
.config td { font-family: var(--mono); font-size: 0.8125rem; }
.config tbody th { font-family: var(--mono); font-size: 0.8125rem; font-weight: 400; white-space: nowrap; }
.config .differs > * { background: var(--mark); }
.config .differs th { font-weight: 700; }
.config th, .config td { padding-left: 0.6rem; }
figure { margin: 0; min-width: 0; }
figcaption { font-size: 0.8125rem; line-height: 1.45; color: var(--soft); margin-bottom: 0.35rem; }
figcaption b { color: var(--ink); font-weight: 600; }
svg { display: block; max-width: 100%; height: auto; font-family: var(--sans); }
.curves { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1.5rem;
  align-items: start; margin-bottom: 2.4rem; }
.curves .major { grid-column: span 2; }
.broad { max-width: 46rem; margin: 1rem 0 1.6rem; padding-top: 0.5rem; overflow-x: auto; overscroll-behavior-x: contain; }
.broad svg { width: 100%; min-width: 27rem; }
td.why { min-width: 16rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 23rem), 1fr)); gap: 2rem 2.5rem; margin: 1.2rem 0; align-items: start; }
.curves svg, .pair svg:not(.matrix) { width: 100%; }
.pair svg:not(.matrix) { max-width: 29rem; }
.readout { display: block; min-height: 1.45em; overflow-wrap: anywhere; }
.matrix { width: 100%; }
.matrix text { fill: currentColor; dominant-baseline: central; }
.matrix .frame { fill: none; stroke: var(--rule); }
.matrix .cells { fill: var(--color); }
.matrix .numbers text { text-anchor: middle; }
.matrix .numbers .half { fill: light-dark(#1b1d21, #131519); }
.matrix .numbers .full { fill: var(--paper); }
.matrix .names text { text-anchor: end; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 1.4rem 2rem; }
.triplet { display: grid; grid-template-columns: repeat(3, 1fr); gap: 4px; }
.triplet img { display: block; width: 100%; height: auto; border-radius: 3px; background: var(--raised); }
.triplet img.small { image-rendering: pixelated; }
.triplet span { font-size: 0.75rem; color: var(--soft); }
pre { font: 0.8125rem/1.55 var(--mono); background: var(--raised); border: 1px solid var(--rule); border-radius: 6px; padding: 0.75rem 0.9rem; margin: 0.3rem 0 1rem; overflow-x: auto; }
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; }
pre.wrap span { display: block; padding-left: 1.5rem; text-indent: -1.5rem; }
code { font-family: var(--mono); font-size: 0.875em; overflow-wrap: anywhere; }
details { margin: 0.8rem 0; }
summary { cursor: pointer; color: var(--accent); font-size: 0.875rem; width: fit-content; }
footer { color: var(--soft); font-size: 0.8125rem; border-top: 1px solid var(--rule); padding-top: 1rem; }
@media (max-width: 64rem) {
  .page { grid-template-columns: minmax(0, 1fr); gap: 0; padding: 0 2rem; }
  aside { position: static; display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1.2rem; padding-top: 1.4rem; }
  .brand { margin: 0; }
  nav { order: 3; flex-basis: 100%; margin-top: 0.4rem; }
  nav ol { display: flex; flex-wrap: wrap; gap: 0 1rem; }
  .theme { margin: 0 0 0 auto; }
  main { padding-top: 1.8rem; }
}
@media (max-width: 46rem) {
  .page { padding: 0 1rem; }
  .curves { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; }
  section { margin-bottom: 3rem; }
  body { line-height: 1.55; }
}
@media print {
  :root, :root[data-theme] { color-scheme: light; --paper: #fff; }
  @page { margin: 16mm; }
  body { font-size: 10.5pt; }
  aside, .readout { display: none; }
  .page { display: block; padding: 0; max-width: none; }
  main { padding: 0; }
  h2, h3, figcaption { break-after: avoid; }
  figure, tr, .triplet { break-inside: avoid; }
  .scroll, .broad { overflow: visible; }
  .broad svg { min-width: 0; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .matrix { min-width: 0 !important; max-width: 100%; }
  section > p { break-after: avoid; }
  section { margin-bottom: 2rem; }
  table { font-size: 0.72rem; }
  th, td { padding: 0.3rem 0.5rem 0.3rem 0; }
  td, tbody th, .config tbody th, td small, th small { white-space: normal; min-width: 0; }
  td.text { min-width: 0; }
  tbody th { min-width: 5rem !important; }
  .pair { grid-template-columns: 1fr 1fr; gap: 1rem; }
  p, li { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
`;
