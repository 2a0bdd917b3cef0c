// The labelling page's looks: the image as large as there is room, everything else beside it where it never moves.
import { colours } from "../../page/style.ts";

export const style = `${colours}
:root { --good: light-dark(#00734f, #35c29a); }
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; min-height: 100dvh; background: var(--paper); color: var(--ink); font: 16px/1.5 var(--sans);
  font-variant-numeric: tabular-nums; display: flex; flex-direction: column; }
[hidden] { display: none !important; }
button, input { font: inherit; color: inherit; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
h2 { font-size: 0.8125rem; font-weight: 600; color: var(--soft); margin: 0 0 0.7rem; }
header { display: flex; align-items: baseline; gap: 0.3rem 1.2rem; padding: 0.9rem 2rem; flex: none; }
.brand { font-weight: 700; letter-spacing: -0.01em; margin: 0; }
.data { color: var(--soft); font-size: 0.875rem; margin: 0; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
#counts { margin: 0 0 0 auto; font-size: 0.875rem; color: var(--soft); white-space: nowrap; }
progress { appearance: none; display: block; width: 100%; height: 3px; border: 0; background: var(--rule); flex: none; }
progress::-webkit-progress-bar { background: var(--rule); }
progress::-webkit-progress-value { background: var(--accent); transition: width 0.2s; }
progress::-moz-progress-bar { background: var(--accent); }
main { flex: 1; min-height: 0; display: grid; grid-template-columns: minmax(0, 1fr) 24rem; }
#frame { margin: 0; padding: 1.5rem 2rem 1rem; display: flex; flex-direction: column; height: calc(100dvh - 3.5rem); min-height: 20rem; }
.stage { flex: 1; min-height: 0; position: relative; background: var(--raised); border-radius: 8px; overflow: hidden; }
.stage img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
.stage img.small { image-rendering: pixelated; }
#caption { height: 1.5em; margin-top: 0.6rem; font-size: 0.8125rem; line-height: 1.5em; color: var(--soft); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.panel { border-left: 1px solid var(--rule); padding: 1.5rem 2rem 2rem; display: flex; flex-direction: column; gap: 1.4rem; height: calc(100dvh - 3.5rem); overflow-y: auto; }
.answers { flex: 1 1 0; min-height: 9rem; overflow-y: auto; margin: -3px; padding: 3px; }
.no-classes .answers h2 { display: none; }
#classes { list-style: none; margin: 0 0 0.5rem; padding: 0; display: grid; grid-template-columns: minmax(0, 1fr); gap: 2px; }
#classes button, #new { display: flex; align-items: center; gap: 0.7rem; width: 100%; min-height: 2.5rem; padding: 0.25rem 0.6rem 0.25rem 0.35rem; border: 0; border-radius: 6px; background: none; text-align: left; cursor: pointer; }
#classes button:hover:not(:disabled), #new:hover:not(:disabled) { background: var(--raised); }
#classes button:active:not(:disabled) { background: var(--mark); }
button:disabled { color: var(--soft); cursor: default; }
kbd { flex: none; min-width: 1.75rem; height: 1.75rem; padding: 0 0.4rem; display: inline-grid; place-items: center; font: 600 0.8125rem var(--mono); border: 1px solid var(--soft); border-bottom-width: 2px; border-radius: 5px; background: var(--paper); }
.keyless kbd { visibility: hidden; }
.name { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.images { color: var(--soft); font-size: 0.8125rem; }
#new { color: var(--soft); }
#naming { margin: 0; }
#naming label { display: block; font-size: 0.8125rem; color: var(--soft); margin-bottom: 0.3rem; }
#naming .field { display: flex; gap: 0.5rem; }
#name { flex: 1; min-width: 0; height: 2.5rem; padding: 0 0.7rem; border: 1px solid var(--soft); border-radius: 6px; background: var(--paper); }
.plain { height: 2.5rem; padding: 0 0.9rem; border: 1px solid var(--soft); border-radius: 6px; background: none; cursor: pointer; display: inline-flex; align-items: center; gap: 0.5rem; }
.plain:hover:not(:disabled) { background: var(--raised); }
.plain:disabled { border-color: var(--rule); }
.plain kbd { margin-left: -0.5rem; border-color: transparent; background: none; color: var(--soft); padding: 0; min-width: 1.2rem; }
.actions { display: flex; gap: 0.6rem; }
.actions #finish { margin-left: auto; }
.standing { border-top: 1px solid var(--rule); padding-top: 1.2rem; }
#verdict { margin: 0 0 1rem; font-size: 1.0625rem; font-weight: 600; line-height: 1.35; min-height: 2.7em; text-wrap: balance; overflow-wrap: anywhere; }
#verdict::before { content: ""; display: inline-block; width: 0.6em; height: 0.6em; margin-right: 0.5em; border-radius: 50%; border: 2px solid var(--soft); vertical-align: 0.02em; }
#verdict.settled::before { background: var(--good); border-color: var(--good); }
.row { margin-bottom: 1.1rem; }
.names { display: flex; justify-content: space-between; gap: 1rem; font-size: 0.8125rem; font-weight: 600; }
.names span { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.names .left::before { content: "← "; color: var(--soft); }
.names .right::after { content: " →"; color: var(--soft); }
.track { position: relative; height: 1.5rem; margin: 0.3rem 0 0.2rem; background: var(--raised); border-radius: 4px; overflow: hidden; }
.track span { position: absolute; top: 0; bottom: 0; }
.zero { left: calc(50% - 0.5px); width: 1px; background: var(--soft); }
.bar { top: 0.45rem !important; bottom: 0.45rem !important; border-radius: 3px; background: var(--untrained); transition: left 0.25s, right 0.25s; min-width: 2px; }
.row.settled .bar { background: var(--good); }
.track .mean { top: 0.2rem; bottom: 0.2rem; width: 3px; margin-left: -1.5px; border-radius: 2px; background: var(--ink); transition: left 0.25s; }
.axis { display: flex; justify-content: space-between; font-size: 0.75rem; color: var(--soft); }
.axis span { flex: 1; }
.axis .middle { text-align: center; }
.axis .most { text-align: right; }
#detail { margin: 0; font-size: 0.8125rem; line-height: 1.5; color: var(--soft); min-height: 4.5em; }
#alert { margin: 0; color: var(--warn); font-size: 0.875rem; line-height: 1.45; }
#alert:empty { display: none; }
#alert { position: fixed; left: 50%; bottom: 1rem; transform: translateX(-50%); width: max-content; max-width: calc(100vw - 2rem); background: var(--paper); border: 1px solid var(--warn); border-radius: 8px; padding: 0.7rem 1rem; z-index: 2; }
#live { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
#over { margin: auto; padding: 2rem; max-width: 34em; text-align: center; }
#over h1 { font-size: 1.5rem; letter-spacing: -0.015em; margin: 0 0 0.6rem; }
#over p { margin: 0; color: var(--soft); }
.over main, .over progress { display: none; }
@media (max-width: 56rem) {
  header { padding: 0.7rem 1rem; }
  main { display: block; }
  #frame { height: auto; min-height: 0; padding: 0.8rem 1rem 0.4rem; }
  .stage { flex: none; height: 44dvh; min-height: 13rem; }
  .panel { height: auto; overflow: visible; border: 0; padding: 0.4rem 1rem 1.5rem; gap: 1rem; }
  .answers { flex: none; min-height: 0; overflow: visible; }
  #classes { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 0.5rem; }
  #classes button, #new, .plain, #name { min-height: 2.75rem; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
`;
