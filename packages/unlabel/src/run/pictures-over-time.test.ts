import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { keepMoment, momentsUpTo, type PicturesMoment, sheetName } from "./pictures-over-time.ts";

const moment = (step: number): PicturesMoment => ({
  ...{ step, total: 100, file: sheetName(step), tile: 32, columns: 8, among: 0 },
  images: [],
});

it("keeps a sheet a step, in place of those of steps that were taken back", () => {
  using run = temporaryFolder();
  for (const step of [0, 1, 10, 30]) keepMoment(run.path, moment(step), Uint8Array.of(step));
  // Training went on from step 5.
  expect(momentsUpTo(run.path, 5).map(({ step }) => step)).toEqual([0, 1]);
  writeFileSync(join(run.path, "pictures", "mae-1-original.png"), "another's");
  keepMoment(run.path, moment(8), Uint8Array.of(8));
  expect(momentsUpTo(run.path, 100).map(({ step }) => step)).toEqual([0, 1, 8]);
  expect(readdirSync(join(run.path, "pictures")).sort()).toEqual(
    ["mae-1-original.png", "over-time.json", ...[0, 1, 8].map(sheetName)].sort(),
  );
});

it.each(["", "{", "[]", "null", '{"moments": 3}', '{"moments": [null, {"step": "x"}, {"step": 1}]}'])(
  "begins anew where the list is %j",
  (text) => {
    using run = temporaryFolder();
    mkdirSync(join(run.path, "pictures"));
    writeFileSync(join(run.path, "pictures", "over-time.json"), text);
    expect(momentsUpTo(run.path, 10)).toEqual([]);
    keepMoment(run.path, moment(3), Uint8Array.of(1));
    expect(momentsUpTo(run.path, 10)).toHaveLength(1);
    expect(existsSync(join(run.path, "pictures", sheetName(3)))).toBe(true);
  },
);
