// What pictures over time take of a training: a run of each of two methods as users begin it, which tells itself what it spent on them,
// and the time that writing its sheets takes. The aim is less than 1 % of the training's time.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  keepMoment,
  OVER_TIME,
  PICTURES,
  type PicturesOverTime,
} from "../packages/unlabel/src/run/pictures-over-time.ts";
import { runUnlabel } from "./child.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { median } from "./stats.ts";

/** Steps by which there is time for all six, with neighbours of thirty-two images or more. */
const LONG = [
  ["simclr", 450],
  ["mae", 850],
] as const;
const WRITES = 5;
const nameOf = (method: string) => `pictures over time, ${method}`;
/** Names of its rows. */
export const PICTURES_ROWS = LONG.map(([method]) => nameOf(method));

/** A row a method. */
export async function picturesRows(
  folder: string,
  { quick, data, threads, rows: chosen, say }: BenchOptions,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [method, long] of LONG) {
    const name = nameOf(method);
    if (chosen?.test(name) === false) continue;
    say(`pictures over time of ${method}`);
    const run = join(folder, method);
    const small = quick ? ["--size", "32", "--set", "encoder=vit_tiny", "--set", "patch=16"] : [];
    const steps = String(quick ? 6 : long);
    const length = ["--batch", "64", "--epochs", "1000", "--steps", steps];
    const how = ["--method", method, "--preset", "small", ...length, ...small, "--out", run];
    await runUnlabel(["pretrain", data, ...how, "--threads", String(threads)], threads);
    const index = join(run, PICTURES, OVER_TIME);
    if (!existsSync(index)) {
      rows.push(row(name, "% of training", null, null, { note: "a run that is so short draws none" }));
      continue;
    }
    const { moments } = JSON.parse(readFileSync(index, "utf8")) as PicturesOverTime;
    const { result } = JSON.parse(readFileSync(join(run, "run.json"), "utf8")) as { result: { seconds: number } };
    const last = moments.at(-1)!;
    const sheet = readFileSync(join(run, PICTURES, last.file));
    const writes = Array.from({ length: WRITES }, () => {
      const began = performance.now();
      keepMoment(join(folder, "written"), last, sheet);
      return (performance.now() - began) / 1000;
    });
    const took = moments.reduce((sum, { seconds = 0 }) => sum + seconds, 0) + moments.length * median(writes);
    const note = `aim: below 1; ${moments.length} sheets, ${took.toFixed(2)} s of ${result.seconds.toFixed(0)}`;
    rows.push(row(name, "% of training", (100 * took) / result.seconds, null, { note }));
  }
  return rows;
}
