// Images without a class among those to train on, as in STL-10: they are trained on, and no score knows of them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { labelledBy } from "../data/labelled-by.ts";
import { openData } from "../data/open.ts";
import { RunDirectory } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { pretrain } from "../train/pretrain.ts";
import { evaluate } from "./evaluate.ts";
import { probeSplits } from "./splits.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const at = (name: string) => join(folder.path, name);
const numbered = (count: number, ...folders: string[]) =>
  folders.flatMap((name) => Array.from({ length: count }, (_, i) => `${name}/${i}.png`));
const LABELLED = [...numbered(8, "train/ant", "train/bee"), ...numbered(3, "test/ant", "test/bee")];

beforeAll(async () => {
  await writeImages(at("some"), [...LABELLED, ...numbered(20, "unlabeled")], 32);
  await writeImages(at("all"), LABELLED, 32);
});

it("blames the file of labels where no class of it has two images", async () => {
  const file = at("own.csv");
  const data = await openData(at("some"));
  writeFileSync(file, "path,label\nunlabeled/0.png,a\nunlabeled/1.png,b\nunlabeled/2.png,c\n");
  expect(() => probeSplits(labelledBy(data, file), 0)).toThrow(
    `Expected two images or more of some class in ${file}, got 3 labels of as many classes`,
  );
});

it("are in no split that is fitted or scored on", async () => {
  const data = await openData(at("some"));
  expect([data.train.items.length, data.val!.items.length]).toEqual([36, 6]);
  const { train, val, notes } = probeSplits(data, 0);
  const labels = (items: readonly { label: number }[]) => items.map(({ label }) => label);
  const all = probeSplits(await openData(at("all")), 0);
  expect(labels(train.items)).toEqual(labels(all.train.items));
  expect(labels(val.items)).toEqual(labels(all.val.items));
  expect(notes).toEqual(["20 images of train have no class and are left out"]);
  // The held-out fifth is of labelled images as well.
  const alone = probeSplits({ ...data, val: null }, 0);
  expect(Math.min(...labels([...alone.train.items, ...alone.val.items]))).toBe(0);
  expect([alone.train.items.length, alone.val.items.length]).toEqual([12, 4]);
});

it("are trained on, watched without labels, and evaluated without", async () => {
  const told: string[] = [];
  const stream = { write: (text: string) => told.push(text) };
  const flags = { method: "simclr", size: 32, batch: 4, epochs: 1, warmup_epochs: 0, device: "cpu", health_every: 1 };
  const { result } = await pretrain({ data: at("some"), settings: { flags }, out: at("run"), stream });
  expect(told[0]).toBe(
    "42 images in 2 classes; train 36 (20 without a class), val 6\nval is test/\nunlabeled/ is trained on too, without labels; move it elsewhere to leave it out\n",
  );
  expect(result.steps).toBe(9);
  const run = RunDirectory.open(at("run"));
  expect(run.info.data).toMatchObject({ train: 36, val: 6, understood: told[0]!.trimEnd().split("\n") });
  const last = run.metrics().at(-1)!;
  for (const key of ["online/linear_top1", "online/knn_top1"] as const) {
    expect(last[key]).toBeGreaterThanOrEqual(0);
    expect(last[key]).toBeLessThanOrEqual(1);
  }
  const found = await evaluate(at("run"), at("some"), {
    protocols: ["linear", "knn", "few-shot", "retrieval"],
    linear: { solver: "lbfgs" },
    pictures: true,
    stream,
  });
  for (const one of [found.linear!, found.knn!, found.retrieval!])
    expect([one.train_images, one.val_images]).toEqual([16, 6]);
  expect(found["few-shot"]!.points.at(-1)).toMatchObject({ share: 1, images: 16 });
  const quiet = { write: () => {} };
  const without = await evaluate(at("run"), at("all"), { protocols: ["knn"], pictures: false, stream: quiet });
  expect(found.knn!.top1).toBe(without.knn!.top1);
  expect(found.knn!.confusion).toEqual(without.knn!.confusion);
});
