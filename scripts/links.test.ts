// Pages and comments name nothing that is not there, and no method is without its page.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { ABOUTS } from "../packages/unlabel/src/methods/abouts.ts";
import { brokenLinks, filesOf, staleComments, stalePaths } from "./links.ts";

const ROOT = join(import.meta.dirname, "..");
const FILES = filesOf(ROOT);
const PAGES = FILES.filter((file) => file.endsWith(".md"));
/** What was there once may be told of; what is generated names what the code does. */
const WRITTEN = PAGES.filter((page) => page !== "CHANGELOG.md" && !page.startsWith(join("docs", "api")));

const folder = mkdtempSync(join(tmpdir(), "unlabel-links-"));
afterAll(() => rmSync(folder, { recursive: true }));

function put(path: string, text: string): string {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  return path;
}

it("finds links to files and headings that are not there, and those with another file's name", () => {
  put("src/loop.ts", "");
  put("docs/other.md", "# One, `two` (three)\n\n## Again\n\n## Again\n");
  const right = [
    "[a](other.md)",
    "[b](other.md#one-two-three)",
    "[c](other.md#again-1)",
    "[loop.ts](../src/loop.ts)",
    "[the loop](../src/loop.ts)",
    "[d](https://example.org/gone.md)",
    "```\n[e](gone.md)\n```",
  ];
  expect(brokenLinks(folder, put("docs/page.md", right.join("\n")))).toEqual([]);
  for (const [link, problem] of [
    ["[a](gone.md)", "leads to docs/gone.md, which is not there"],
    ["[b](other.md#two)", "leads to a heading that is not there"],
    ["[c](other.md#again-2)", "leads to a heading that is not there"],
    ["[loops.ts](../src/loop.ts)", "is named as another file"],
  ]) {
    expect(brokenLinks(folder, put("docs/page.md", link!))).toEqual([`docs/page.md: ${link} ${problem}`]);
  }
});

it("finds paths that are not there, in pages and in comments", () => {
  put("packages/unlabel/src/train/loop.ts", "");
  put("packages/torch/native/bridge.cpp", "");
  const right = [
    "`train/loop.ts`",
    "`packages/*/native`",
    "`npm test -- packages/unlabel/src/train`",
    "`run.json`",
    "`a/b`",
    // Of a run that somebody made in this very folder.
    "`runs/mae`",
    "`../images/of/somebody`",
  ];
  put("runs/simclr/run.json", "{}");
  expect(stalePaths(folder, put("page.md", right.join("\n")))).toEqual([]);
  for (const path of ["loop.ts", "eval/loop.ts", "packages/*/gone", "packages/unlabel/src/eval", "src/train/gone.ts"]) {
    expect(stalePaths(folder, put("page.md", `\`${path}\``))).toEqual([`page.md: \`${path}\` is not there`]);
  }
  const source = put(
    "packages/unlabel/src/a.ts",
    '// As loop.ts and train/loop.ts.\nconst a = "gone.ts";\n/** See eval/loop.ts. */',
  );
  expect(staleComments(folder, source, filesOf(folder))).toEqual([`${source}: eval/loop.ts is not there`]);
});

it("holds for every page", () => {
  expect(PAGES.length).toBeGreaterThan(30);
  expect(PAGES.flatMap((page) => brokenLinks(ROOT, page))).toEqual([]);
  expect(WRITTEN.flatMap((page) => stalePaths(ROOT, page))).toEqual([]);
});

it("holds for every comment", () => {
  // This file's texts are about files that are not there.
  // Comments of a generated file are those of its schema.
  const sources = FILES.filter(
    (file) => /(?<!_pb)\.(?:ts|mts|mjs)$/.test(file) && file !== join("scripts", "links.test.ts"),
  );
  expect(sources.length).toBeGreaterThan(500);
  expect(sources.flatMap((source) => staleComments(ROOT, source, FILES))).toEqual([]);
});

it.each(ABOUTS.map(({ name, title }) => ({ name, title })))("README leads to a page about $title", ({ name }) => {
  expect(FILES).toContain(join("docs", `${name}.md`));
  expect(readFileSync(join(ROOT, "README.md"), "utf8")).toContain(`](docs/${name}.md)`);
});

it("CONTRIBUTING has a row for every command", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const text = readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8");
  // README has the demo; tsc and the hooks are the others' parts.
  const told = Object.keys(scripts).filter((name) => !["demo", "build", "prepare"].includes(name));
  expect(told.filter((name) => !new RegExp(`\`npm (?:run )?${name}(?![\\w:])`).test(text))).toEqual([]);
});
