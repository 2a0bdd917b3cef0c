// The check as one self-contained page: findings, sizes, classes, and the pictures concerned side by side.
import { dirname } from "node:path";
import { makeFolder, writeAtomically } from "../base/files.ts";
import { count, duration, megabytes, percent, plural } from "../page/format.ts";
import { type Html, html } from "../page/html.ts";
import { script } from "../page/script.ts";
import { shell } from "../page/shell.ts";
import { style } from "../page/style.ts";
import type { Checked } from "./check.ts";
import { contactSheet } from "./contact-sheet.ts";
import type { CheckResult } from "./result.ts";
import { label, thumbnail } from "./thumbnail.ts";
import { valueTables } from "./value-tables.ts";

/** Groups of copies, and single suspicious images, that are shown. */
const GROUPS = 60;
const SINGLES = 48;
/** Images of one group. */
const MEMBERS = 6;
/** Rows of a list. */
const ROWS = 200;

const look = `
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.6rem 2rem; margin: 1rem 0 1.6rem; }
.sheet.single { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
.sheet figure, .copies div { min-width: 0; overflow-wrap: anywhere; }
.sheet.single figcaption { font-size: 0.75rem; line-height: 1.35; }
.copies { display: flex; flex-wrap: wrap; gap: 6px; }
.copies div { width: 9rem; font-size: 0.75rem; line-height: 1.35; color: var(--soft); }
.copies img, .sheet.single img { display: block; width: 9rem; height: 9rem; object-fit: contain; background: var(--raised); border-radius: 3px; margin-bottom: 0.25rem; }
.contact { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.4rem, 1fr)); gap: 1rem 0.8rem; margin: 0.6rem 0 1.6rem; }
.contact figure { min-width: 0; margin: 0; overflow-wrap: anywhere; }
.contact img { display: block; width: 100%; height: auto; aspect-ratio: 1; object-fit: contain; background: var(--raised); border-radius: 3px; margin-bottom: 0.25rem; outline: 1px solid var(--rule); }
.contact figcaption { font-size: 0.75rem; line-height: 1.35; color: var(--soft); }
.values th[scope="rowgroup"] { padding-top: 1.3rem; }
.values th[scope="row"] { font-weight: 400; }
.values td.wide { width: 30%; min-width: 9rem; }
.span { display: block; position: relative; height: 0.8rem; border-left: 1px solid var(--rule); border-right: 1px solid var(--rule); }
.span .bar { position: absolute; top: 0.1rem; height: 0.6rem; opacity: 0.55; }
.span .tick { position: absolute; top: -0.05rem; height: 0.9rem; width: 2px; margin-left: -1px; background: var(--ink); }
.tag { color: var(--warn); font-weight: 600; }
.bar { display: block; height: 0.8rem; background: var(--accent); border-radius: 2px; min-width: 1px; }
td.wide { width: 60%; }
`;

/** Writes the page to a place of `pageFile`. */
export async function writePage(checked: Checked, path: string): Promise<void> {
  const text = await render(checked);
  makeFolder(dirname(path));
  writeAtomically(path, text);
}

async function render(checked: Checked): Promise<string> {
  const { result } = checked;
  const { findings, notes, images } = result;
  const noun = result.input.tiles === null ? "image" : "tile";
  const title =
    findings.length === 0
      ? `Nothing to mend in ${plural(images.readable, noun)}`
      : `${plural(findings.length, "finding")} in ${plural(images.train + images.val, noun)}`;
  return shell({
    title,
    first: {
      id: "findings",
      name: "Findings",
      body: html`<p class="kicker">Check of ${result.data}, ${new Date().toISOString().slice(0, 10)}</p><h1>${title}</h1>
<ul class="prose">${findings.map(({ text }) => html`<li>${text}</li>`)}${notes.map((text) => html`<li class="quiet">${text}</li>`)}</ul>
<p class="note">${count(images.train)} ${noun}s in train, ${count(images.val)} in val, ${count(images.readable)} readable; layout ${result.layout}; looked through in ${duration(result.seconds)}, ${count(result.images_per_s)} ${noun}s/s.</p>`,
    },
    sections: [
      ["images", "Images as people see them", await contactSheet(checked)],
      ["leakage", "In train and in val", await copies(checked, ({ leak }) => leak)],
      ["copies", "Copies within a split", await copies(checked, ({ leak }) => !leak)],
      ["suspicious", "Suspicious", await suspicious(checked)],
      ["unreadable", "Cannot be read", unreadable(result)],
      ["classes", "Classes", classes(result)],
      ["values", (result.values?.length ?? 0) > 1 ? "Values by class" : "Values", valueTables(result)],
      ["sizes", "Sizes", sizes(result)],
      ["cost", "What training would cost", cost(result)],
    ],
    footer:
      ". Near copies: perceptual hashes at most 11 of 64 bits apart, and both gray values and details correlated by 0.85 or more once one picture is fitted onto a part of the other.",
    style: style + look,
    script,
  });
}

type GroupTest = (group: Checked["copies"]["groups"][0]) => boolean;

async function copies(
  { result, images, copies: { groups }, reader }: Checked,
  belongs: GroupTest,
): Promise<Html | null> {
  const chosen = groups.flatMap((group, i) =>
    belongs(group) ? [{ group, names: result.duplicates.groups[i]!.images }] : [],
  );
  if (chosen.length === 0) return null;
  const figures: Html[] = [];
  for (const { group, names } of chosen.slice(0, GROUPS)) {
    const some = group.members.slice(0, MEMBERS);
    // A leak shows both sides even where one split has many.
    const other = group.members.find((i) => images[i]!.split !== images[some[0]!]!.split);
    if (other !== undefined && !some.includes(other)) some[MEMBERS - 1] = other;
    const shown = await Promise.all(
      some.map(
        async (i) => html`<div>${await thumbnail(images[i]!, reader)}${label(names[group.members.indexOf(i)]!)}</div>`,
      ),
    );
    const rest = group.members.length - some.length;
    figures.push(
      html`<figure><figcaption>${group.kind === "exact" ? "the same bytes" : `alike ${group.similarity.toFixed(2)}`}${group.conflict && html`, <span class="tag">two classes</span>`}${rest > 0 && `, and ${rest} more`}</figcaption><div class="copies">${shown}</div></figure>`,
    );
  }
  return html`${more(chosen.length, GROUPS, "groups")}<div class="sheet">${figures}</div>`;
}

async function suspicious({ result, images, reader }: Checked): Promise<Html | null> {
  const all = images.filter(({ doubts }) => doubts.length > 0);
  if (all.length === 0) return null;
  const figures = await Promise.all(
    all.slice(0, SINGLES).map(async (seen, i) => {
      const { reasons, ...name } = result.suspicious[i]!;
      return html`<figure>${await thumbnail(seen, reader)}<figcaption>${label(name)}<br><span class="tag">${reasons.join(", ")}</span></figcaption></figure>`;
    }),
  );
  return html`${more(all.length, SINGLES, "images")}<div class="sheet single">${figures}</div>`;
}

function more(total: number, most: number, what: string): Html | null {
  return total > most
    ? html`<p class="note">The first ${count(most)} of ${count(total)} ${what}; --json has all.</p>`
    : null;
}

function unreadable({ unreadable: all }: CheckResult): Html | null {
  if (all.length === 0) return null;
  return html`${more(all.length, ROWS, "files")}<div class="scroll"><table><thead><tr><th>File</th><th>Why</th></tr></thead>
<tbody>${all.slice(0, ROWS).map((one) => html`<tr><td class="text">${label(one)}</td><td class="text">${one.reason}</td></tr>`)}</tbody></table></div>`;
}

function classes({ classes: all }: CheckResult): Html | null {
  if (all.length === 0) return null;
  const most = Math.max(...all.map(({ train }) => train));
  const sorted = all.toSorted((a, b) => b.train - a.train);
  return html`${more(all.length, ROWS, "classes")}<div class="scroll"><table><thead><tr><th>Class</th><th class="n">Train</th><th class="n">Val</th><th></th></tr></thead>
<tbody>${sorted.slice(0, ROWS).map(({ name, train, val }) => html`<tr><th scope="row">${name}</th><td class="n">${count(train)}</td><td class="n">${count(val)}</td><td class="wide">${bar(train / most)}</td></tr>`)}</tbody></table></div>`;
}

function sizes({ sizes: found }: CheckResult): Html | null {
  if (!found) return null;
  const most = Math.max(...found.histogram.map(({ images }) => images));
  const all = found.histogram.reduce((sum, { images }) => sum + images, 0);
  return html`<p>From ${found.smallest.join(" × ")} to ${found.largest.join(" × ")} pixels, half of them from ${found.median.join(" × ")}.</p>
<div class="scroll"><table><thead><tr><th>Short side</th><th class="n">Images</th><th class="n">Share</th><th></th></tr></thead>
<tbody>${found.histogram.map(({ from, below, images }) => html`<tr><th scope="row">${below === null ? `${from} and more` : `${from} – ${below - 1}`} px</th><td class="n">${count(images)}</td><td class="n">${percent(images / all)}</td><td class="wide">${bar(images / most)}</td></tr>`)}</tbody></table></div>`;
}

function bar(share: number): Html {
  return html`<span class="bar" style="width: ${(100 * share).toFixed(1)}%"></span>`;
}

function cost({ forecast }: CheckResult): Html | null {
  if (!forecast) return null;
  const { presets, choice, how, device, threads } = forecast;
  return html`${choice && html`<p>Begin with <code>--preset ${choice.preset}</code>: ${choice.why}.</p>`}
<div class="scroll"><table><thead><tr><th>Method, preset</th><th class="n">Step</th><th class="n">Epoch</th><th class="n">In all</th><th class="n">Memory</th><th>Settings</th></tr></thead>
<tbody>${presets.map((one) => html`<tr><th scope="row">${one.method} ${one.preset}</th><td class="n">${duration(one.step_s)}</td><td class="n">${duration(one.epoch_s)}</td><td class="n">${duration(one.total_s)}</td><td class="n">${megabytes(one.memory_mb)}</td><td class="text">${one.problem ?? `${one.encoder}, ${one.size} px, batch ${one.batch}, ${plural(one.epochs, "epoch")}`}</td></tr>`)}</tbody></table></div>
<p class="note">On ${device}, ${plural(threads, "thread")}. ${how}</p>`;
}
