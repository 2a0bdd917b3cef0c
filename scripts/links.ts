// Finds what pages and comments name that is not there: targets of links, headings, paths of files and folders.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

/** Where a path may start from, as pages and comments shorten it. */
const STARTS = ["", "packages/unlabel", "packages/unlabel/src", "packages/torch", "packages/torch/src"];
/** Endings of files that are the project's own; what runs write is described, too, and lies elsewhere. */
const SOURCE = /^[\w@.*/-]*\w\.(?:d\.mts|ts|mts|mjs|sh|cpp|h)$/;

/** All files below `root` but what is installed, built or hidden, relative to it. */
export function filesOf(root: string, folder = ""): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink() || /^(?:\.|(?:node_modules|dist|build|runs)$)/.test(entry.name)) return [];
    return entry.isDirectory() ? filesOf(root, path) : [path];
  });
}

/** A page's text without blocks of code, and those. */
function parted(text: string): { prose: string; blocks: string[] } {
  const blocks: string[] = [];
  const prose = text.replace(/^( *)```.*?^\1```$/gms, (block) => {
    blocks.push(block);
    return block.replace(/[^\n]/g, "");
  });
  return { prose, blocks };
}

/** A page's anchors as GitHub makes them: of headings, numbered where one is there already, and those written out. */
function anchorsOf(text: string): Set<string> {
  const { prose } = parted(text);
  const times = new Map<string, number>();
  const numbered = (name: string) => {
    const before = times.get(name) ?? 0;
    times.set(name, before + 1);
    return before === 0 ? name : `${name}-${before}`;
  };
  const headings = [...prose.matchAll(/^#+ +(.*)$/gm)].map(([, heading]) =>
    heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set([...headings.map(numbered), ...[...prose.matchAll(/<a id="([^"]+)"/g)].map(([, id]) => id!)]);
}

/** A line for each relative link of a page whose target or heading is not there, or whose text is another file's name. */
export function brokenLinks(root: string, page: string): string[] {
  const { prose } = parted(readFileSync(join(root, page), "utf8"));
  return [...prose.matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)].flatMap(([link, text, target]) => {
    if (/^[a-z]+:/.test(target!)) return [];
    const [path, anchor] = target!.split("#");
    const file = path ? join(root, dirname(page), path) : join(root, page);
    if (!existsSync(file)) return [`${page}: ${link} leads to ${relative(root, file)}, which is not there`];
    if (anchor && !anchorsOf(readFileSync(file, "utf8")).has(anchor)) {
      return [`${page}: ${link} leads to a heading that is not there`];
    }
    if (SOURCE.test(text!) && basename(text!) !== basename(file)) return [`${page}: ${link} is named as another file`];
    return [];
  });
}

/** Whether there is something at a path, `*` standing for any name. */
function isThere(root: string, path: string): boolean {
  const [name, ...rest] = path.split("/");
  if (name === undefined || name === "") return existsSync(root);
  if (!existsSync(root) || !statSync(root).isDirectory()) return false;
  const fits = new RegExp(`^${name.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
  const names = name.includes("*") ? readdirSync(root).filter((one) => fits.test(one)) : [name];
  return names.some((one) => isThere(join(root, one), rest.join("/")));
}

/** Paths that a page names as code and that are not there: source files wherever they lie, and what begins at the root. */
export function stalePaths(root: string, page: string): string[] {
  const { prose, blocks } = parted(readFileSync(join(root, page), "utf8"));
  const spans = [...prose.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => code!.split(/\s+/));
  const named = [...spans, ...blocks.flatMap((block) => block.split(/\s+/)).filter((word) => fromRoot(root, word))];
  return [...new Set(named)].flatMap((word) => {
    if (!SOURCE.test(word) && !fromRoot(root, word)) return [];
    const there = [...STARTS, dirname(page)].some((start) => isThere(join(root, start), word));
    return there ? [] : [`${page}: \`${word}\` is not there`];
  });
}

/** What people make beside the project's own files, which pages speak of without meaning them; `.gitignore` has them. */
const MADE = new Set(["node_modules", "runs", "dist", "build"]);

function fromRoot(root: string, word: string): boolean {
  if (!/^[\w.-]+(?:\/[\w.*-]+)+\/?$/.test(word)) return false;
  const first = word.split("/")[0]!;
  // What lies beside a clone is not the project's, and need not be there.
  if (first === "..") return false;
  return first === "src" || (existsSync(join(root, first)) && !MADE.has(first));
}

/** Files that a source's comments name and that are not there; a name alone may be any file's. @param files all there are */
export function staleComments(root: string, source: string, files: readonly string[]): string[] {
  const text = readFileSync(join(root, source), "utf8");
  const comments = [...text.matchAll(/(?<=^|\s)\/\/ (.*)$|^\s*\/?\*+ (.*)$/gm)].map(
    ([, line, block]) => line ?? block!,
  );
  const named = comments.flatMap(
    (comment) =>
      comment.match(/(?<![\w/.…-])(?:docs\/[\w/.-]+\.md|[\w-][\w.-]*(?:\/[\w.-]+)*\.(?:ts|mts|mjs))\b/g) ?? [],
  );
  return [...new Set(named)].flatMap((name) =>
    files.some((file) => file === name || file.endsWith(`/${name}`)) ? [] : [`${source}: ${name} is not there`],
  );
}
