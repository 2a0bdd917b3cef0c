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
  const left = { links: 0, full: false };
  let level = [...roots];
  for (let depth = 0; level.length > 0 && depth <= DEEPEST; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (signal?.aborted) break;
      if (folders.length >= MOST_FOLDERS) {
        left.full = true;
        break;
      }
      const { isRun, inside, links } = await look(folder, signal);
      left.links += links;
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
  if (left.full) notes.push(`Only the first ${MOST_FOLDERS} folders were looked into; give the folders that hold runs`);
  return { runs: [...runs], folders, notes };
}

async function look(
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ isRun: boolean; inside: string[]; links: number }> {
  const inside: string[] = [];
  let [links, entries] = [0, 0];
  try {
    for await (const entry of await opendir(folder, { bufferSize: 256 })) {
      if (entry.name === "run.json") return { isRun: true, inside: [], links: 0 };
      if (++entries > MOST_ENTRIES || signal?.aborted) return { isRun: false, inside: [], links: 0 };
      if (entry.name.startsWith(".") || SKIPPED.has(entry.name)) continue;
      if (entry.isDirectory()) inside.push(join(folder, entry.name));
      else if (entry.isSymbolicLink()) links += await leadsToRun(join(folder, entry.name));
    }
  } catch {
    // Gone by now, or not to be read: nothing is found there.
    return { isRun: false, inside: [], links: 0 };
  }
  return { isRun: false, inside: inside.sort(), links };
}

/** 1 for a link to a run, whose owner may wonder where it is. */
async function leadsToRun(path: string): Promise<0 | 1> {
  const found = await stat(join(path, "run.json")).catch(() => null);
  return found?.isFile() ? 1 : 0;
}
