import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { afterAll, expect, it } from "vitest";
import { INDICATORS } from "../run/indicators.ts";
import { temporaryFolder } from "../testing/data.ts";
import { writeRun } from "../testing/run-fixture.ts";
import { writeReport } from "./report.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

const all = (value: number) => Object.fromEntries(INDICATORS.map(({ name }) => [name, { value }]));
const indicators = {
  protocol: "indicators",
  split: "held out",
  seed: 0,
  step: 20,
  train_images: 0,
  val_images: 66,
  classes: [],
  seconds: 3,
  notes: [],
  trained: { ...all(0.75), found_blur: { value: 0.5, interval: [0.4, 0.6] }, rank_me: { refused: "too <few>" } },
  untrained: all(0.25),
};

it("a run without labels has its indicators, its refusals in words, and what was held out", async () => {
  const dir = await writeRun(join(folder.path, "a"), {
    steps: 20,
    top1: null,
    classes: [],
    run: {
      data: {
        root: "photos",
        layout: "unlabelled",
        fingerprint: "0",
        train: 268,
        val: 0,
        classes: [],
        held_out: { up_to: 5, images: 66, copies: 0 },
        understood: ["334 images, no classes", "held out from training, by name: 66 images (20 %)"],
      },
    },
  });
  mkdirSync(join(dir, "eval"), { recursive: true });
  writeFileSync(join(dir, "eval", "indicators.json"), JSON.stringify(indicators));
  const { path, data } = await writeReport([dir], join(folder.path, "report.html"));
  expect(data.runs[0]!.indicators).toMatchObject({ split: "held out", images: 66, pixels: null });
  expect(data.runs[0]!.data.held_out).toBe(66);
  const { document } = parseHTML(readFileSync(path, "utf8"));
  const section = document.querySelector("#indicators")!;
  expect(section.textContent).toContain("on 66\u00a0images held out from training");
  const cells = [...section.querySelectorAll("tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map((cell) => cell.textContent),
  );
  expect(cells).toHaveLength(1 + INDICATORS.length);
  expect(cells.find(([name]) => name === "RankMe")).toEqual(["RankMe", "higher", "–", "0.25"]);
  expect(cells.find(([name]) => name === "found again: blur")).toEqual([
    "found again: blur",
    "–",
    "50.0\u00a0%40.0\u00a0% to 60.0\u00a0%",
    "25.0\u00a0%",
  ]);
  expect(section.textContent).toContain("Not told of trained: RankMe (too <few>)");
  expect(document.querySelector("#data")!.textContent).toContain("66 held out of train");
  expect(document.querySelector("#data")!.textContent).toContain("held out from training, by name");
});

it("a damaged indicators.json is left out and named, and a run without one has no such section", async () => {
  const dir = await writeRun(join(folder.path, "b"), { steps: 20 });
  writeFileSync(join(dir, "eval", "indicators.json"), JSON.stringify({ ...indicators, trained: { rank_me: 3 } }));
  const { path, data } = await writeReport([dir], join(folder.path, "b.html"));
  expect(data.runs[0]!.indicators).toBeNull();
  expect(data.runs[0]!.warnings.join(" ")).toContain("indicators.json");
  expect(parseHTML(readFileSync(path, "utf8")).document.querySelector("#indicators")).toBeNull();
});
