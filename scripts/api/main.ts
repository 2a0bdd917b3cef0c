// Writes docs/api: the reference of both packages, from the comments in their sources. `--check` only says whether it is as it
// would be written, and whether every export is documented.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { indexPage, operatorsPage } from "./index-page.ts";
import { UNNAMED } from "./pages.ts";
import { readOperators, readPackages } from "./program.ts";
import { makeReference } from "./reference.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const target = join(ROOT, "docs", "api");

const read = readPackages(ROOT);
const { project, files, places, missing, complaints } = await makeReference(read, UNNAMED);
files.set("torch/operators.md", operatorsPage(readOperators(read.program)));
files.set("README.md", indexPage(project, places));

const there = existsSync(target)
  ? readdirSync(target, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".md"))
  : [];
const problems = [...missing.map((name) => `${name} has no documentation`), ...complaints];

if (process.argv.includes("--check")) {
  const differ = [...new Set([...there, ...files.keys()])].filter((path) => {
    const text = files.get(path);
    return !there.includes(path) || text === undefined || readFileSync(join(target, path), "utf8") !== text;
  });
  for (const path of differ.sort())
    problems.push(`docs/api/${path} is not what \`npm run docs\` writes; run it and commit the result`);
} else {
  rmSync(target, { recursive: true, force: true });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), text);
  }
}
for (const problem of problems) console.error(problem);
console.log(`${places.size} exports on ${files.size} pages of docs/api, ${missing.length} without documentation`);
if (problems.length > 0) process.exitCode = 1;
