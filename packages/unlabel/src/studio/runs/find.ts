// Looks for run directories: folders with a run.json. Links are not followed (a run behind one that stays inside is found where it lies),
// and a folder of a million images is not read to its end.
import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Levels below a folder given. */
const DEEPEST = 6;
/** Entries of a folder; one with more holds images. */
const MOST_ENTRIES = 5_000;
/** Folders looked into. */
const MOST_FOLDERS = 20_000;
/** Never hold runs of somebody's own. */
const SKIPPED = new Set(["node_modules", "__pycache__"]);

/** What was found. */
export interface Found {
  /** Run directories, real paths. */
  runs: string[];
  /** Folders that hold them or may, which new ones would appear in. */
  folders: string[];
  /** What was left out, a line each. */
  notes: string[];
}

/** Looks through folders, given as real paths. @param signal ends it: what was found by then is told */
export async function findRuns(roots: readonly string[], signal?: AbortSignal): Promise<Found> {
  const runs = new Set<string>();
  const folders: string[] = [];
  const left = { links: 0, unnamed: 0, full: false };
  let level = [...roots];
  for (let depth = 0; level.length > 0 && depth <= DEEPEST; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (signal?.aborted) break;
      if (folders.length >= MOST_FOLDERS) {
        left.full = true;
        break;
      }
      const { isRun, inside, links, unnamed } = await look(folder, signal);
      left.links += links;
      left.unnamed += unnamed;
      if (isRun) {
        runs.add(folder);
        continue;
      }
      folders.push(folder);
      next.push(...inside);
    }
    level = next;
  }
  const notes: string[] = [];
  if (left.links > 0)
    notes.push(
      `${left.links} ${left.links === 1 ? "link" : "links"} to runs not followed; name the folders that they lie in, too`,
    );
  if (left.unnamed > 0)
    notes.push(
      `${left.unnamed} ${left.unnamed === 1 ? "folder has a name that is" : "folders have names that are"} not UTF-8 and not looked into; rename ${left.unnamed === 1 ? "it" : "them"}`,
    );
  if (left.full) notes.push(`Only the first ${MOST_FOLDERS} folders were looked into; give the folders that hold runs`);
  return { runs: [...runs], folders, notes };
}

async function look(
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ isRun: boolean; inside: string[]; links: number; unnamed: number }> {
  const inside: string[] = [];
  const nothing = { isRun: false, inside: [], links: 0, unnamed: 0 };
  let [links, entries] = [0, 0];
  try {
    for await (const entry of await opendir(folder, { bufferSize: 256 })) {
      if (entry.name === "run.json") return { ...nothing, isRun: true };
      if (++entries > MOST_ENTRIES || signal?.aborted) return nothing;
      if (entry.name.startsWith(".") || SKIPPED.has(entry.name)) continue;
      if (entry.isDirectory()) inside.push(join(folder, entry.name));
      else if (entry.isSymbolicLink()) links += await leadsToRun(join(folder, entry.name));
    }
  } catch {
    // Gone by now, or not to be read: nothing is found there. A name that is not UTF-8 comes with U+FFFD in it, and opens nothing.
    return { ...nothing, unnamed: folder.includes("\ufffd") ? 1 : 0 };
  }
  return { isRun: false, inside: inside.sort(), links, unnamed: 0 };
}

/** 1 for a link to a run, whose owner may wonder where it is. */
async function leadsToRun(path: string): Promise<0 | 1> {
  const found = await stat(join(path, "run.json")).catch(() => null);
  return found?.isFile() ? 1 : 0;
}
