// The sheets of pictures that runs drew while they trained, as data URIs within a budget, so that the report stays small.
import { join } from "node:path";
import sharp from "sharp";
import { PICTURES } from "../run/pictures-over-time.ts";
import { readPicture } from "../run/read/own-file.ts";
import type { Run } from "../run/read/run.ts";
import type { OverTime } from "../run/read/schema.ts";

type Moment = OverTime["moments"][number];

/** A step's pictures, and the class that shows its sheet. */
export type ShownMoment = Moment & { css: string };
/** What each run drew, by its name, and the style that holds the sheets. */
export type Forming = { moments: Map<string, ShownMoment[]>; uris: Map<string, string>; missing: string[] };

/** Of all sheets together, in bytes before base64. */
const BUDGET = 1_500_000;
/** Steps of a run that are shown. */
const MOST = 8;

/** Reads the sheets of these runs; unreadable ones are named, not fatal. */
export async function loadForming(runs: readonly Run[]): Promise<Forming> {
  const found: Forming = { moments: new Map(), uris: new Map(), missing: [] };
  const asked = runs.flatMap((run) => (run.overTime ? [{ run, moments: some(run.overTime.moments) }] : []));
  const sheets = asked.reduce((sum, { moments }) => sum + moments.length, 0);
  for (const { run, moments } of asked) {
    const shown: ShownMoment[] = [];
    for (const moment of moments) {
      try {
        const file = await readPicture(run.dir, PICTURES, moment.file, "jpeg");
        const css = `f${found.uris.size}`;
        found.uris.set(css, await embed(file, BUDGET / sheets));
        shown.push({ ...moment, css });
      } catch {
        found.missing.push(join(run.dir, PICTURES, moment.file));
      }
    }
    if (shown.length > 0) found.moments.set(run.name, shown);
  }
  return found;
}

/** First and last, and as many as there is room for between them. */
function some(moments: readonly Moment[]): Moment[] {
  if (moments.length <= MOST) return [...moments];
  return Array.from({ length: MOST }, (_, i) => moments[Math.round((i * (moments.length - 1)) / (MOST - 1))]!);
}

async function embed(file: Buffer, most: number): Promise<string> {
  // What has a JPEG's beginning alone is refused here.
  await sharp(file).metadata();
  if (file.length <= most) return `data:image/jpeg;base64,${file.toString("base64")}`;
  for (let quality = 72; ; quality -= 14) {
    const webp = await sharp(file).webp({ quality, effort: 2 }).toBuffer();
    if (webp.length <= most || quality <= 20) return `data:image/webp;base64,${webp.toString("base64")}`;
  }
}
