// Holds every import of both packages' sources against an ordered list of rooms each: a file may import from its own room and from
// those before it, types included, and no files may import each other in a circle. `tsx scripts/rooms.ts` prints what breaks that.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

/** The rooms in the order in which data flows; those of one line do not see each other. */
export const ROOMS: readonly (readonly string[])[] = [
  ["base"],
  ["config", "hub"],
  ["data", "encoders"],
  ["methods"],
  ["run"],
  ["score"],
  ["train"],
  ["eval"],
  ["page"],
  ["check"],
  ["report"],
  ["compare"],
  ["label"],
  ["studio"],
  ["export"],
  ["cli"],
];

/** The engine's: its root is one room, of which modules are made, and optimizers of both. */
export const TORCH_ROOMS: typeof ROOMS = [["."], ["nn"], ["optim"]];

/** Every tree that is held against a list. */
export const TREES = [
  { folder: "packages/unlabel/src", rooms: ROOMS },
  { folder: "packages/torch/src", rooms: TORCH_ROOMS },
] as const;

/** What stands at the root: the library's door, which may import everything and which nothing imports. */
const DOOR = "index.ts";

export interface Import {
  from: string;
  line: number;
  to: string;
}

/**
 * Imports and re-exports of files of the same tree, as `from` and `to` relative to it: static ones, types' and `import()` alike.
 *
 * @param files path relative to the tree → text
 */
export function importsOf(files: ReadonlyMap<string, string>): Import[] {
  const found: Import[] = [];
  for (const [from, text] of files) {
    for (const match of text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g)) {
      const line = text.slice(0, match.index).split("\n").length;
      found.push({ from, line, to: normalize(join(dirname(from), match[1]!)) });
    }
  }
  return found;
}

/** A line for each import that points back, sideways or to no room at all, with the mend. */
export function wrongArrows(imports: readonly Import[], rooms = ROOMS): string[] {
  const level = (room: string) => rooms.findIndex((names) => names.includes(room));
  return imports.flatMap(({ from, line, to }) => {
    const at = `${from}:${line}`;
    if (to.startsWith("..") || from === DOOR) return [];
    const [here, there] = [roomOf(from), roomOf(to)];
    if (to === DOOR) return [`${at} imports ${to}, the library's door: import the file that defines what is needed`];
    for (const [file, room] of [
      [from, here],
      [to, there],
    ] as const) {
      if (level(room) < 0)
        return [`${at}: ${file} is in no room: move it into one, or add its room to scripts/rooms.ts`];
    }
    if (here === there || level(there) < level(here)) return [];
    const way = level(there) > level(here) ? "comes later" : "stands beside it";
    return [
      `${at} imports ${to}, but ${there} ${way}: ${here} ← ${there}. Move what both need into ${here} or before it, or hand it in as a parameter`,
    ];
  });
}

/** The circles among files, each as the way round it. */
export function circles(imports: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const found: string[] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (file: string) => {
    const at = way.indexOf(file);
    if (at >= 0) {
      found.push(`${[...way.slice(at), file].join(" → ")} is a circle: move what they share into a file of its own`);
      return;
    }
    if (done.has(file)) return;
    way.push(file);
    for (const other of next.get(file) ?? []) visit(other);
    way.pop();
    done.add(file);
  };
  for (const file of next.keys()) visit(file);
  return found;
}

/** A file's folder at the root of its tree; `.` for what lies at the root itself. */
function roomOf(file: string): string {
  return file.includes("/") ? file.slice(0, file.indexOf("/")) : ".";
}

/** What browsers run. */
const PAGES = "studio/pages/";
/** Values that they may have from elsewhere; of everything else types alone, or the server would be sent along. */
const FOR_PAGES = ["page/numbers.ts"];
/** Ways to take a stranger's text for HTML or a program. */
const UNSAFE = /\b(dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b/;

/** A line for each value that a page imports from outside of the pages, and each way by which a name could become HTML. */
export function pageFaults(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [from, text] of files) {
    if (!from.startsWith(PAGES)) continue;
    const lineAt = (index: number) => text.slice(0, index).split("\n").length;
    for (const match of text.matchAll(/^(?:import|export)\b(?!\s+type\b)[^;]*?["'](\.[^"']+)["'];/gm)) {
      const to = normalize(join(dirname(from), match[1]!));
      if (to.startsWith(PAGES) || FOR_PAGES.includes(to)) continue;
      // Named ones that are types each.
      const names = /\{([^}]*)\}/
        .exec(match[0])?.[1]
        ?.split(",")
        .map((name) => name.trim());
      if (names?.filter(Boolean).every((name) => name.startsWith("type "))) continue;
      found.push(
        `${from}:${lineAt(match.index)} imports values of ${to}: pages import types alone, and values of other pages`,
      );
    }
    const unsafe = UNSAFE.exec(text);
    if (unsafe)
      found.push(`${from}:${lineAt(unsafe.index)} has ${unsafe[0]}: names come from strangers, and stay text`);
  }
  return found;
}

/** The sources of a tree; tests and what only they use may look everywhere. */
export function sourcesOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const sources = names.filter(
    (name) => /\.tsx?$/.test(name) && !name.endsWith(".test.ts") && !name.startsWith("testing"),
  );
  return new Map(sources.sort().map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

if (process.argv[1] === import.meta.filename) {
  for (const { folder, rooms } of TREES) {
    const path = join(import.meta.dirname, "..", folder);
    const sources = sourcesOf(path);
    const imports = importsOf(sources);
    const problems = [...wrongArrows(imports, rooms), ...circles(imports), ...pageFaults(sources)];
    for (const problem of problems) console.error(`${relative(process.cwd(), path)}/${problem}`);
    if (problems.length > 0) process.exitCode = 1;
    else console.log(`${folder}: ${imports.length} imports follow the order of scripts/rooms.ts, without a circle`);
  }
}
