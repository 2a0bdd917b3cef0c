import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { keepMoment, type PicturesMoment, sheetName } from "../run/pictures-over-time.ts";
import { sampleImage, temporaryFolder } from "../testing/data.ts";
import { writeRun } from "../testing/run-fixture.ts";
import { writeReport } from "./report.ts";

const NAME = 'cat/<img src=x onerror="alert(1)">.png';

function moment(step: number): PicturesMoment {
  const near = [
    { tile: 3, similarity: 0.91, right: true },
    { tile: 4, similarity: 0.62, right: false },
  ];
  const image = { name: NAME, tile: 0, features: 1, masked: null, reconstructed: 2, near };
  return { step, total: 1200, file: sheetName(step), tile: 32, columns: 8, among: 128, images: [image] };
}

it("shows a run's pictures step by step, and names the sheets that cannot be read", async () => {
  using folder = temporaryFolder();
  const run = await writeRun(join(folder.path, "run"), { steps: 3, top1: null });
  const sheet = await sampleImage(256, 32).jpeg().toBuffer();
  for (const step of [0, 12, 1200]) keepMoment(run, moment(step), sheet);
  // A stranger's: one is a link to a file elsewhere, one is no picture.
  const elsewhere = join(folder.path, "elsewhere.jpg");
  writeFileSync(elsewhere, sheet);
  const list = join(run, "pictures", "over-time.json");
  const known = JSON.parse(readFileSync(list, "utf8")) as { moments: PicturesMoment[] };
  for (const file of ["linked.jpg", "../run.json"]) known.moments.push({ ...moment(1200), file });
  writeFileSync(list, JSON.stringify(known));
  symlinkSync(elsewhere, join(run, "pictures", "linked.jpg"));
  const out = join(folder.path, "report.html");
  await writeReport([run], out);
  const page = readFileSync(out, "utf8");
  expect(page).toContain('<section id="forming"><h2>Pictures over time</h2>');
  expect(page).not.toContain("<img src=x");
  expect(page.match(/Features of cat\/&lt;img[^"]* (before training|after step 12|after step 1,200)"/g)).not.toBeNull();
  expect(page).toContain("similarity 0.62, another class");
  expect(page.match(/\.f\d\{background-image:url\(data:image\/jpeg;base64,/g)).toHaveLength(3);
  expect(page).toMatch(/Could not be read: [^<]*linked\.jpg[^<]*run\.json/);
});

it("says nothing of runs that drew none, and which file is damaged", async () => {
  using folder = temporaryFolder();
  const run = await writeRun(join(folder.path, "run"), { steps: 3, top1: null });
  const out = join(folder.path, "report.html");
  await writeReport([run], out);
  expect(readFileSync(out, "utf8")).not.toContain("Pictures over time");
  mkdirSync(join(run, "pictures"), { recursive: true });
  writeFileSync(join(run, "pictures", "over-time.json"), '{"moments": [{"step": -1}]}');
  await expect(writeReport([run], out)).rejects.toThrow(/over-time\.json, got something else at moments\[0\]\.step/);
});
