// Scores of tiles: what is known of them is as much as there are files.
import { expect, it } from "vitest";
import { filesOf } from "../data/sample.ts";
import { decodePredictions } from "../run/predictions.ts";
import { judge } from "../score/metrics.ts";
import { leadInterval, scoreIntervals } from "../score/shares.ts";
import { leadOf, predictionsOf, scoreOf } from "./scores.ts";

const FILES = 12;
const TILES = 9;
const items = Array.from({ length: FILES * TILES }, (_, n) => {
  const file = Math.floor(n / TILES);
  return { path: `${file}.tif`, label: file % 2, tile: { x: 32 * (n % TILES), y: 0, width: 32, height: 32 } };
});
const labels = Int32Array.from(items, ({ label }) => label);
const classes = [
  { id: "a", name: "a" },
  { id: "b", name: "b" },
];
/** Wrong on every tile of the first files. */
const saying = (wrong: number) => labels.map((label, n) => (n < wrong * TILES ? 1 - label : label));
const files = filesOf(items);
const test = { labels, items, classes, seed: 3, files };
const judged = (predicted: Int32Array) =>
  judge(
    Float32Array.from({ length: 2 * labels.length }, (_, i) => Number(predicted[i >> 1] === i % 2)),
    labels,
    2,
  );

it("have intervals from drawing whole files, and so have leads", () => {
  const ofFiles = Int32Array.from({ length: FILES }, (_, file) => file % 2);
  const said = (wrong: number) => ofFiles.map((label, file) => (file < wrong ? 1 - label : label));
  const found = scoreOf(judged(saying(4)), test).interval!;
  const whole = scoreIntervals(ofFiles, [said(4)], 2, 3);
  for (const name of ["top1", "f1", "balanced"] as const)
    for (const end of [0, 1] as const) expect(found[name][end]).toBeCloseTo(whole[name][end], 2);
  const gains = Int8Array.from({ length: FILES }, (_, file) => Number(file >= 2 && file < 6));
  const lead = leadOf(saying(2), saying(6), test);
  expect(lead.top1).toBeCloseTo(4 / FILES, 12);
  const [low, high] = leadInterval(gains, 3);
  expect(lead.interval[0]).toBeCloseTo(low, 12);
  expect(lead.interval[1]).toBeCloseTo(high, 12);
});

it("keep with their predictions which tiles are of one file; photographs keep nothing", () => {
  const kept = predictionsOf(test, { trained: saying(1) })!;
  expect(kept.files).toEqual(new Array(FILES).fill(TILES));
  expect(decodePredictions(kept, 2, labels.length)!.files).toEqual(Uint32Array.from(files!));
  const whole = items.map(({ path, label }) => ({ path, label }));
  expect(predictionsOf({ ...test, items: whole, files: filesOf(whole) }, { trained: labels })).not.toHaveProperty(
    "files",
  );
});
