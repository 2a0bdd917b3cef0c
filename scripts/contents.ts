// What a package must hold when it is published: all that its sources say, and nothing else.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PAGE_FILES } from "./pages.mjs";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** The packages that are published, by the names of their folders. */
export const PUBLISHED = { "@unlabel/torch": "packages/torch", unlabel: "packages/unlabel" };

/** Files of a folder that git has or would take, relative to it: neither built nor ignored ones. */
function sources(folder: string): string[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const listed = execFileSync("git", args, { cwd: folder, encoding: "utf8" }).split("\0").filter(Boolean);
  return [...new Set(listed)].filter((name) => existsSync(join(folder, name)));
}

/** The files that a package should hold, sorted. */
export function expectedContents(name: keyof typeof PUBLISHED): string[] {
  const files = sources(join(ROOT, PUBLISHED[name]));
  const compiled = files
    .filter((file) => /^src\/.*\.ts$/.test(file) && !/\.test\.ts$|^src\/(testing|studio\/pages)\//.test(file))
    .map((file) => file.replace(/^src\/(.*)\.ts$/, "dist/$1"));
  return [
    ...["LICENSE", "README.md", "package.json"],
    ...files.filter((file) => /^(bin|native|native-nccl|setup)\//.test(file)),
    ...compiled.flatMap((file) => [`${file}.d.ts`, `${file}.js`]),
    ...(name === "unlabel" ? PAGE_FILES.map((file) => `dist/studio/pages/${file}`) : []),
  ].sort();
}

/** The files that a package's package.json names: its exports, their types and its programs. */
export function namedFiles(name: keyof typeof PUBLISHED): string[] {
  const { exports, bin } = JSON.parse(readFileSync(join(ROOT, PUBLISHED[name], "package.json"), "utf8"));
  const texts = (value: unknown): string[] =>
    typeof value === "string" ? [value] : Object.values(value ?? {}).flatMap(texts);
  return texts([exports, bin]).map((path) => path.replace(/^\.\//, ""));
}
