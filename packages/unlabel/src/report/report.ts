// Puts the report together and writes it.
import { dirname, resolve } from "node:path";
import { UserError } from "../base/errors.ts";
import { makeFolder, writeAtomically } from "../base/files.ts";
import { megabytes, plural } from "../page/format.ts";
import { pageFile } from "../page/page-file.ts";
import type { Run } from "../run/read/run.ts";
import { type ReportData, readReport } from "./data.ts";
import { page } from "./page.ts";
import { type Gallery, gallery } from "./pictures.ts";
import { loadForming } from "./pictures-over-time.ts";
import { loadSprites } from "./sprites.ts";
import { damaged } from "./warnings.ts";

/** A report opens fast and travels by mail. */
const MOST_BYTES = 8_000_000;
const PICTURE_BYTES = 2_000_000;

/** A report that was written, and what it says in short. */
export type Report = {
  /** The file, absolute. */
  path: string;
  /** Its size. */
  bytes: number;
  /** Its first sentence. */
  headline: string;
  /** The runs, and the linear probe's top-1 of each, in [0, 1]; null where there is none. */
  runs: { dir: string; name: string; method: string; status: string; top1: number | null }[];
  /** What is damaged in the runs, a line each. */
  damage: string[];
  /** Every number that the page shows. */
  data: ReportData;
};

/**
 * One self-contained page about runs, as text.
 * @throws UserError where a folder is no run, a file in it is not as agreed, or the page would exceed 8 MB.
 */
export async function reportPage(
  runDirs: readonly string[],
): Promise<{ text: string; bytes: number; data: ReportData; runs: Run[] }> {
  const { data, runs } = await readReport(runDirs);
  const galleries = new Map<string, Gallery>();
  const pictured = runs.filter((run) => run.pictures);
  for (const run of pictured) {
    const found = await gallery(run, PICTURE_BYTES / pictured.length);
    if (found) galleries.set(run.name, found);
  }
  const text = page(data, {
    galleries,
    loaded: await loadSprites(data.runs),
    forming: await loadForming(runs),
  });
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_BYTES) {
    throw new UserError(
      `Expected a report of at most ${megabytes(MOST_BYTES / 1e6)}, got ${megabytes(bytes / 1e6)} from ${plural(runs.length, "run")}; give fewer runs.`,
    );
  }
  return { text, bytes, data, runs };
}

/**
 * Writes one self-contained HTML file about runs.
 * @throws UsageError where no report can be written to `outFile`.
 * @throws UserError where a folder is no run, a file in it is not as agreed, or the page would exceed 8 MB.
 */
export async function writeReport(runDirs: readonly string[], outFile: string): Promise<Report> {
  const file = pageFile("-o", outFile);
  const { text, bytes, data, runs } = await reportPage(runDirs);
  makeFolder(dirname(file));
  writeAtomically(file, text);
  return {
    path: resolve(outFile),
    bytes,
    headline: data.headline,
    runs: data.runs.map(({ dir, name, method, status, scores }) => {
      const top1 = scores.linear?.trained.top1 ?? null;
      return { dir, name, method, status, top1 };
    }),
    damage: runs.flatMap(damaged),
    data,
  };
}
