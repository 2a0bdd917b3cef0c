// The page: one file, nothing loaded from anywhere, its script and policy fixed by hash. Rendered from the report's data alone.
import { createHash } from "node:crypto";
import { versionOfUnlabel } from "../version.ts";
import type { ReportData } from "./data.ts";
import { count, list } from "./format.ts";
import { type Html, html, raw } from "./html.ts";
import { mapScript } from "./map-script.ts";
import type { Gallery } from "./pictures.ts";
import { picturesStyle } from "./pictures-style.ts";
import { script } from "./script.ts";
import { answer } from "./sections/answer.ts";
import { classes } from "./sections/classes.ts";
import { confusion } from "./sections/confusion.ts";
import { cost } from "./sections/cost.ts";
import { curves } from "./sections/curves.ts";
import { data as dataSection } from "./sections/data.ts";
import { health } from "./sections/health.ts";
import { labels } from "./sections/labels.ts";
import { map } from "./sections/map.ts";
import { neighbours } from "./sections/neighbours.ts";
import { overTime } from "./sections/over-time.ts";
import { reconstructions } from "./sections/reconstructions.ts";
import { reproduce } from "./sections/reproduce.ts";
import { scores } from "./sections/scores.ts";
import { settings } from "./sections/settings.ts";
import { type Loaded, spriteStyle } from "./sprites.ts";
import { style } from "./style.ts";

/** Everything that is not in the data. */
export type Media = { galleries: ReadonlyMap<string, Gallery>; loaded: Loaded };

export function page(data: ReportData, { galleries, loaded: { sprites, missing } }: Media): string {
  const all: [id: string, title: string, body: Html | null][] = [
    ["curves", "Training", curves(data)],
    ["health", "Health", health(data)],
    ["scores", "Scores", scores(data)],
    ["time", "Accuracy over time", overTime(data)],
    ["labels", "Label efficiency", labels(data)],
    ["classes", "Classes", classes(data)],
    ["confusion", "Confusion", confusion(data, sprites)],
    ["map", "Map", map(data, sprites)],
    ["neighbours", "Neighbours", neighbours(data, sprites)],
    ["pictures", "Reconstructions", reconstructions(data, galleries)],
    ["cost", "Cost", cost(data)],
    ["settings", "Settings", settings(data)],
    ["data", "Data", dataSection(data)],
    ["reproduce", "Reproduce", reproduce(data)],
  ];
  const shown = all.filter(([, , body]) => body !== null);
  const date = new Date().toISOString().slice(0, 10);
  const code = sprites.size > 0 ? script + mapScript : script;
  const hash = createHash("sha256").update(code).digest("base64");
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const { length } = data.runs;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="generator" content="unlabel ${versionOfUnlabel()}">
<title>${data.headline}</title>
<link rel="icon" href="data:,">
<style>${raw(style + picturesStyle)}</style>
</head>
<body>
<div class="page">
<aside>
<p class="brand">unlabel</p>
<nav aria-label="Sections"><ol><li><a href="#answer">Answer</a></li>${shown.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ol></nav>
<button class="theme" type="button" hidden>Dark</button>
</aside>
<main>
<section id="answer"><p class="kicker">What came out of ${length === 1 ? "this run" : `these ${count(length)} runs`}, ${date}</p>${answer(data)}${missing.length > 0 && html`<p class="warn">Pictures could not be read: ${list(missing)}.</p>`}</section>
${shown.map(([id, title, body]) => html`<section id="${id}"><h2>${title}</h2>${body}</section>\n`)}
<footer>Written by unlabel ${versionOfUnlabel()} from the run directories alone. Every sentence above follows from their numbers.</footer>
</main>
</div>
${spriteStyle(sprites)}
<script>${raw(code)}</script>
</body>
</html>
`.text;
}
