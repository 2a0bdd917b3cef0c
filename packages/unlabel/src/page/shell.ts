// What every page of ours has around its sections: one file, nothing loaded from anywhere, script and policy fixed by hash.
import { createHash } from "node:crypto";
import { GENERATOR } from "../base/output-file.ts";
import { versionOfUnlabel } from "../base/version.ts";
import { type Html, html, raw } from "./html.ts";

export type Section = readonly [id: string, title: string, body: Html | null];

export interface Shell {
  title: string;
  /** The first section, which has no heading of its own. */
  first: { id: string; name: string; body: Html };
  /** Those without a body are left out. */
  sections: readonly Section[];
  footer: Html | string;
  style: string;
  script: string;
  /** After the sections, such as pictures that they share. */
  last?: Html | null;
}

export function shell({ title, first, sections, footer, style, script, last = null }: Shell): string {
  const shown = sections.filter(([, , body]) => body !== null);
  const hash = createHash("sha256").update(script).digest("base64");
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
${raw(GENERATOR)}${versionOfUnlabel()}">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${raw(style)}</style>
</head>
<body>
<div class="page">
<aside>
<p class="brand">unlabel</p>
<nav aria-label="Sections"><ol><li><a href="#${first.id}">${first.name}</a></li>${shown.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ol></nav>
<button class="theme" type="button" hidden>Dark</button>
</aside>
<main>
<section id="${first.id}">${first.body}</section>
${shown.map(([id, name, body]) => html`<section id="${id}"><h2>${name}</h2>${body}</section>\n`)}
<footer>Written by unlabel ${versionOfUnlabel()}${footer}</footer>
</main>
</div>
${last}
<script>${raw(script)}</script>
</body>
</html>
`.text;
}
