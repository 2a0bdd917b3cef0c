import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { runRanks } from "../testing/ranks.ts";
import { ownPlaces } from "./shared-rows.ts";

const folder = temporaryFolder();
const script = join(import.meta.dirname, "..", "testing", "run-encode.ts");

it("gives each rank whole batches, and each place to one rank", () => {
  expect(ownPlaces(10, 4, { rank: 0, worldSize: 2 })).toEqual([0, 1, 2, 3, 8, 9]);
  expect(ownPlaces(10, 4, { rank: 1, worldSize: 2 })).toEqual([4, 5, 6, 7]);
  expect(ownPlaces(3, 4, { rank: 1, worldSize: 2 })).toEqual([]);
  for (const [count, batch, worldSize] of [
    [1000, 7, 3],
    [5, 256, 4],
    [512, 256, 2],
  ] as const) {
    const all = Array.from({ length: worldSize }, (_, rank) => ownPlaces(count, batch, { rank, worldSize })).flat();
    expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  }
});

interface Said {
  rows: number[];
  failure: string;
}

it("encodes on three ranks what one process encodes, to the bit, unreadable images left out", async () => {
  for (const kind of ["cat", "dog"]) {
    const names = Array.from({ length: 11 }, (_, i) => `${i}.png`);
    await writeImages(join(folder.path, kind), names, 20);
  }
  // One is the whole of a rank's last batch.
  for (const name of ["cat/5-torn.png", "dog/9-torn.png"]) writeFileSync(join(folder.path, name), "no image");
  const [[alone], ranks] = await Promise.all([
    runRanks(1, script, { args: [folder.path] }),
    runRanks(3, script, { args: [folder.path] }),
  ]);
  for (const { code, stderr } of [alone!, ...ranks]) expect([code, stderr]).toEqual([0, ""]);
  const [first, ...others] = ranks.map(({ said }) => said as Said);
  expect(first).toEqual(alone!.said);
  expect(first!.rows).toEqual([22, 384]);
  for (const other of others) expect(other.rows).toEqual([0, 384]);
  // A part without any readable image ends all of them alike.
  expect(first!.failure).toMatch(/Expected images in train that can be read, got none of 2, such as cat\/5-torn.png/);
  for (const other of others) expect(other.failure).toMatch(/got none of 2/);
}, 60_000);
