// Bundles the pages that browsers run into packages/unlabel/dist/studio/pages, where their server and npm find them, with the licences of
// what is in them. The compiler has checked the types; here is nothing but esbuild. `bundlePages` gives the files, for tests.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const PACKAGE = fileURLToPath(new URL("../packages/unlabel", import.meta.url));
const SOURCE = join(PACKAGE, "src/studio/pages");
const BUILT = join(PACKAGE, "dist/studio/pages");

/** Where a page's script begins, and the packages that become part of it. */
const ENTRIES = ["label.ts", "studio.tsx"];
const PACKAGES = ["preact", "uplot"];

/** What is built, sorted: these files and no others are published from the folder. */
export const PAGE_FILES = ["LICENSES.txt", "label.js", "studio.css", "studio.js"];

/** The files by name. @returns {Promise<Map<string, string>>} */
export async function bundlePages() {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: ENTRIES.map((name) => join(SOURCE, name)),
    outdir: BUILT,
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome111", "firefox121", "safari17.5"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    charset: "utf8",
    logLevel: "silent",
    tsconfigRaw: {},
  });
  const files = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  return files.set("LICENSES.txt", licences());
}

/** Of the packages in the bundle, whose authors ask that their licence goes with every copy. */
function licences() {
  const parts = PACKAGES.map((name) => {
    const folder = join(PACKAGE, "../../node_modules", name);
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return `${name} ${version}\n\n${readFileSync(join(folder, "LICENSE"), "utf8").trim()}\n`;
  });
  return `The pages hold code of these packages.\n\n${parts.join("\n----\n\n")}`;
}

/** Writes them; each is whole at every moment, as a server may be reading. */
export async function buildPages() {
  const files = await bundlePages();
  mkdirSync(BUILT, { recursive: true });
  for (const [name, text] of files) {
    const path = join(BUILT, name);
    const part = `${path}.${process.pid}.tmp`;
    try {
      writeFileSync(part, text);
      renameSync(part, path);
    } finally {
      rmSync(part, { force: true });
    }
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await buildPages();
