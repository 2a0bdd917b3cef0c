import { describe, expect, it } from "vitest";
import type {
  Evaluations,
  FewShotEvaluation,
  Header,
  KnnEvaluation,
  LinearEvaluation,
  Protocol,
  RetrievalEvaluation,
  Score,
} from "../run/evaluations.ts";
import { lines, summary, verdicts, withoutPredictions } from "./evaluation.ts";

const NAMES = ["English springer, English springer spaniel", "tench", "church", "golf ball", "a", "b", "c"];
const around = (value: number): [number, number] => [value - 0.015, value + 0.015];
const score = (top1: number): Score => ({
  top1,
  top5: 0.9876,
  f1: top1,
  balanced: top1,
  per_class: NAMES.map((name, c) => ({ name, f1: top1 - c / 100, precision: top1, recall: top1, support: 10 })),
  interval: { top1: around(top1), f1: around(top1), balanced: around(top1) },
});
const header = <P extends Protocol>(protocol: P): Header<P> => ({
  protocol,
  split: "val",
  seed: 0,
  step: 12_345,
  fingerprint: "0123456789abcdef",
  data: "images",
  train_images: 126_689,
  val_images: 5000,
  classes: NAMES.map((name) => ({ id: name, name })),
  seconds: 1,
  notes: ["12 images could not be read: left out"],
});
const beside = (top1: number) => ({
  ...score(top1),
  confusion: [[1]],
  majority: score(0.1),
  untrained: score(0.4),
  pixels: score(0.3),
  lead: {
    untrained: { top1: top1 - 0.4, interval: around(top1 - 0.4) },
    pixels: { top1: top1 - 0.3, interval: around(top1 - 0.3) },
  },
});
const linear = (top1: number): LinearEvaluation => {
  const chosen = { lr: 0.01, weight_decay: 0 };
  const { untrained, pixels, ...rest } = beside(top1);
  return {
    ...header("linear"),
    ...rest,
    ...chosen,
    untrained: { ...untrained, ...chosen },
    pixels: { ...pixels, ...chosen },
    solver: "sgd",
    curve: [],
    settings: { size: 64, encoded: 1, solver: "sgd", epochs: 100, batch: 256, momentum: 0.9, ...chosen, tried: [] },
  };
};
const knn = (top1: number): KnnEvaluation => ({
  ...header("knn"),
  ...beside(top1),
  settings: { size: 64, encoded: 1, k: 20, temperature: 0.07 },
});
const few = { top1: 0.1234, f1: 0.1, balanced: 0.1, std: { top1: 0.0123, f1: 0, balanced: 0 } };
const fewShot: FewShotEvaluation = {
  ...header("few-shot"),
  settings: { size: 64, encoded: 1, shares: [0.01, 0.1, 1], draws: [5, 3, 1], inverse_penalty: 0.01 },
  points: [
    { share: 0.01, images: 1267, draws: 5, trained: few, untrained: few, pixels: few },
    { share: 0.1, images: 12_669, draws: 3, trained: few, untrained: few, pixels: few },
    { share: 1, images: 126_689, draws: 1, trained: score(0.6), untrained: score(0.4), pixels: score(0.3) },
  ],
  majority: score(0.1),
};
const recall = { 1: 0.5, 5: 0.75, 10: 1 };
const retrieval: RetrievalEvaluation = {
  ...header("retrieval"),
  settings: { size: 64, encoded: 1, queries: "val", gallery: "train" },
  recall,
  interval: { 1: [0.4, 0.6], 5: [0.7, 0.8], 10: [0.99, 1] },
  untrained: recall,
  pixels: recall,
  chance: recall,
};
const whole = { size: 64, epochs: 20, batch: 64, lr: 5e-4, weight_decay: 0.05, layer_decay: 1 };
const { untrained: _, pixels: __, lead: ___, ...scored } = beside(0.8);
const all: Evaluations = {
  linear: linear(0.57),
  knn: knn(0.405),
  "few-shot": fewShot,
  retrieval,
  "fine-tune": { ...header("fine-tune"), ...scored, settings: whole, curve: [] },
  supervised: { ...header("supervised"), ...scored, settings: whole, curve: [] },
};

describe("scores for people", () => {
  const text = lines("runs/one", all, 3.2);

  it("fit 80 columns, every protocol with its baselines", () => {
    const rows = text.join("\n").split("\n");
    // The first names the run, however long its path is.
    for (const row of rows.slice(1)) expect(row.length, row).toBeLessThanOrEqual(80);
    const page = rows.join("\n");
    for (const name of ["linear probe", "kNN", "few-shot", "retrieval", "fine-tuned", "from scratch", "majority"]) {
      expect(page).toContain(name);
    }
    expect(rows.filter((row) => /^ +untrained/.test(row))).toHaveLength(4);
    expect(rows.filter((row) => /^ +raw pixels/.test(row))).toHaveLength(4);
    expect(page).toContain("57.0 %  [55.5, 58.5]");
    expect(page).toContain("12.3 ± 1.2 %");
    expect(page).toContain("few-shot has fixed settings: its 100 % is not the linear probe's score");
    expect(lines("run", { "few-shot": fewShot }, 1).join("\n")).not.toContain("fixed settings");
    expect(page).toContain("English springer 57.0 %");
    expect(rows.filter((row) => row.startsWith("note:"))).toHaveLength(1);
    expect(page).not.toContain("…");
  });

  it("say how the encoder stands to what needed no training, and whether that is certain", () => {
    expect(text).toContain("linear probe: above the untrained encoder by 17.0 points [15.5, 18.5]");
    expect(text).toContain("kNN: not clearly above the untrained encoder: by 0.5 points [-1.0, 2.0]");
    expect(verdicts(linear(0.57))).toEqual([]);
    expect(verdicts(linear(0.35))).toEqual(["not above the untrained encoder: 35.0 % against 40.0 % top-1"]);
    expect(verdicts(linear(0.3))).toHaveLength(2);
  });

  it("say whether the encoder's weights are an average, whichever protocol comes first", () => {
    expect(text[0]).toContain("step 12345, 7 classes");
    const averaged = { supervised: all.supervised!, "fine-tune": { ...all["fine-tune"]!, weights_average: 0.99 } };
    expect(lines("run", averaged, 1)[0]).toContain("step 12345, averaged weights (decay 0.99), 7 classes");
    expect(summary({ ...linear(0.5), weights_average: 0.99 })).toMatchObject({ step: 12_345, weights_average: 0.99 });
    expect("weights_average" in summary(linear(0.5))).toBe(false);
  });

  it("keep names of classes apart, and control characters from the terminal", () => {
    const named = (names: string[]) => {
      const per_class = names.map((name, c) => ({ name, f1: 1 - c / 10, precision: 1, recall: 1, support: 1 }));
      return lines("runs/\u001b[31mred", { linear: { ...linear(0.57), per_class } }, 1);
    };
    expect(named(["tench, Tinca tinca", "crane, bird", "crane, machine"])).toContain(
      "by F1: tench 100.0 %, crane, bird 90.0 %, crane, machine 80.0 %",
    );
    const strange = named(["\u001b[2Jcleared", "a\nb", ",c"]);
    expect(strange).toContain("by F1: \\x1b[2Jcleared 100.0 %, a\\x0ab 90.0 %, ,c 80.0 %");
    expect(strange[0]).toContain("runs/\\x1b[31mred");
  });

  it("leave out top-5 where it is always right", () => {
    const found = linear(0.57);
    const bare: LinearEvaluation = {
      ...found,
      top5: null,
      untrained: { ...found.untrained, top5: null },
      majority: { ...found.majority, top5: null },
    };
    expect(lines("run", { linear: bare }, 1).join("\n")).not.toContain("top-5");
  });

  it("leave what was predicted for each image to the files", () => {
    const predictions = { images: "0a", labels: "AAEC", trained: "AAEC" };
    const found = { linear: { ...linear(0.57), predictions }, knn: knn(0.5), "few-shot": fewShot };
    const { linear: told, ...others } = withoutPredictions(found) as typeof found;
    expect([told, others]).toEqual([linear(0.57), { knn: knn(0.5), "few-shot": fewShot }]);
  });

  it("are short as JSON: numbers, no list a class", () => {
    const found = summary(linear(0.57));
    expect(found).toMatchObject({ protocol: "linear", top1: 0.57, classes: 7, untrained: { top1: 0.4 }, step: 12_345 });
    expect(JSON.stringify(found)).not.toContain("per_class");
    expect(found.lead.untrained.top1).toBeCloseTo(0.17, 12);
  });
});
