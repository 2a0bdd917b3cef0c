// "Save as HTML": the report of some runs, put where the browser puts what it downloads.
import { say, warn } from "./announce.tsx";
import { download } from "./api.ts";

/** A browser has begun to read a file by then. */
const TAKEN_MS = 60_000;
let isSaving = false;

/** Saves a report of runs by their ids; says so where there is none to be had. */
export async function saveReport(ids: readonly string[]): Promise<void> {
  if (ids.length === 0 || isSaving) return;
  isSaving = true;
  say("Making the report");
  try {
    const { name, file } = await download(`/api/report?runs=${ids.join(",")}`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), TAKEN_MS);
    say(`Saved as ${name}`);
  } catch (error) {
    warn(error instanceof Error ? error.message : String(error));
  } finally {
    isSaving = false;
  }
}
