// Puts the report together and writes it: one file, nothing loaded from anywhere, its script and policy fixed by hash.
import { createHash } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UserError } from "../errors.ts";
import { makeFolder } from "../files.ts";
import { versionOfUnlabel } from "../version.ts";
import { answer } from "./answer.ts";
import { compare, probeOf } from "./comparison.ts";
import * as facts from "./facts.ts";
import { count, megabytes, plural } from "./format.ts";
import { type Html, html, raw } from "./html.ts";
import { gallery } from "./pictures.ts";
import { type Run, readRuns } from "./read-run.ts";
import * as results from "./results.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";

/** A report opens fast and travels by mail. */
const MOST_BYTES = 8_000_000;
const PICTURE_BYTES = 4_000_000;

export type Report = {
  path: string;
  bytes: number;
  headline: string;
  runs: { dir: string; name: string; method: string; status: string; top1: number | null }[];
};

/**
 * Writes one self-contained HTML file about runs.
 * @throws UserError where a folder is no run, a file in it is not as agreed, or the page would exceed 8 MB.
 */
export async function writeReport(runDirs: readonly string[], outFile: string): Promise<Report> {
  const runs = await readRuns(runDirs);
  const comparison = compare(runs);
  const page = await render(runs, comparison);
  const bytes = Buffer.byteLength(page);
  if (bytes > MOST_BYTES) {
    throw new UserError(
      `Expected a report of at most ${megabytes(MOST_BYTES / 1e6)}, got ${megabytes(bytes / 1e6)} from ${plural(runs.length, "run")}; give fewer runs.`,
    );
  }
  const path = resolve(outFile);
  const temporary = `${path}.${process.pid}.tmp`;
  makeFolder(dirname(path));
  try {
    await writeFile(temporary, page);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    if (error instanceof Error)
      throw new UserError(`Expected to write the report to ${outFile}, got ${error.message}.`);
    throw error;
  }
  return {
    path,
    bytes,
    headline: comparison.headline,
    runs: runs.map((run) => ({
      dir: run.dir,
      name: run.name,
      method: run.file.method,
      status: run.file.status,
      top1: probeOf(run)?.top1 ?? null,
    })),
  };
}

async function render(runs: readonly Run[], comparison: ReturnType<typeof compare>): Promise<string> {
  const share = PICTURE_BYTES / Math.max(1, runs.filter((run) => run.pictures).length);
  const galleries = [];
  for (const run of runs) galleries.push(await gallery(run, share));
  const all: [id: string, title: string, body: Html | null][] = [
    ["curves", "Training", results.curves(runs)],
    ["probe", "Linear probe", results.scores(runs)],
    ["classes", "Classes", results.perClass(runs)],
    ["confusion", "Confusion", results.confusion(runs)],
    ["pictures", "Reconstructions", results.reconstructions(runs, galleries)],
    ["cost", "Cost", facts.cost(runs, comparison)],
    ["settings", "Settings", facts.configs(runs)],
    ["data", "Data", facts.data(runs)],
    ["reproduce", "Reproduce", facts.reproduce(runs)],
  ];
  const shown = all.filter(([, , body]) => body !== null);
  const date = new Date().toISOString().slice(0, 10);
  const hash = createHash("sha256").update(script).digest("base64");
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="generator" content="unlabel ${versionOfUnlabel()}">
<title>${comparison.headline}</title>
<link rel="icon" href="data:,">
<style>${raw(style)}</style>
</head>
<body>
<div class="page">
<aside>
<p class="brand">unlabel</p>
<nav aria-label="Sections"><ol><li><a href="#answer">Answer</a></li>${shown.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ol></nav>
<button class="theme" type="button" hidden>Dark</button>
</aside>
<main>
<section id="answer"><p class="kicker">What came out of ${runs.length === 1 ? "this run" : `these ${count(runs.length)} runs`}, ${date}</p>${answer(runs, comparison)}</section>
${shown.map(([id, title, body]) => html`<section id="${id}"><h2>${title}</h2>${body}</section>\n`)}
<footer>Written by unlabel ${versionOfUnlabel()} from the run directories alone. Every sentence above follows from their numbers.</footer>
</main>
</div>
<script>${raw(script)}</script>
</body>
</html>
`.text;
}
