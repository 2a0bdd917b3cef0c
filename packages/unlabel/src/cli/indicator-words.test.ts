import { expect, it } from "vitest";
import type { IndicatorsEvaluation } from "../run/evaluations.ts";
import { INDICATORS, type Indicator, type Indicators } from "../run/indicators.ts";
import { lines, withoutPredictions } from "./evaluation.ts";

const all = (of: (name: string, share: boolean) => Indicator): Indicators =>
  Object.fromEntries(INDICATORS.map(({ name, share }) => [name, of(name, share)])) as Indicators;
const few = "66 images are fewer than twice the 512 dimensions";
const trained = all((name, share) => {
  if (name === "rank_me" || name === "alpha_req") return { refused: few };
  return share ? { value: 0.512, interval: [0.456, 0.567] } : { value: 123.456, interval: [-12.345, 200] };
});
const collapsed = all(() => ({
  refused: "the features of all images are alike: the encoder has collapsed, or the images are the same",
}));

const found: IndicatorsEvaluation = {
  protocol: "indicators",
  split: "held out",
  seed: 0,
  step: 30,
  fingerprint: "0",
  data: "photos",
  train_images: 0,
  val_images: 2048,
  classes: [],
  seconds: 3,
  notes: ["indicators took 3 s, more than a fifth of the 10 s of training: their cost does not grow with its length"],
  settings: { size: 224, encoded: 9000, images: 2048, viewed: 512, seed: 0 },
  trained: { ...trained, found_colour: { value: 0.1 }, found_rotation: { value: 0.9 } },
  untrained: collapsed,
  pixels: trained,
  chance: { found_crop: 1 / 512 },
  agreement: { k: 10, untrained: { refused: "none" }, pixels: { value: 0.25 }, chance: 0.005 },
  neighbours: { images: "", k: 10, indices: "" },
};

it("a table of all kinds, which changes are ignored, and why numbers are missing, at 80 columns", () => {
  const text = lines("runs/a", { indicators: found }, 5).join("\n");
  const rows = text.split("\n");
  for (const row of rows.filter((one) => !one.startsWith("note: "))) expect(row.length).toBeLessThanOrEqual(80);
  expect(rows[0]).toBe("runs/a: step 30, 2048 held-out images, 512 of them in several views (5.0s)");
  expect(text).toMatch(/^without labels +trained +initial +raw pixels$/m);
  expect(text).toMatch(/^RankMe ↑ +– +– +–$/m);
  expect(text).toMatch(/^LiDAR ↑ +123 \[-12\.3, 200\] +– +123$/m);
  expect(text).toMatch(/^rotation told ↑ +51\.2 % \[45\.6, 56\.7\] +– +51\.2 %$/m);
  expect(text).toMatch(/^neighbours shared +– +25\.0 %$/m);
  const flat = text.replaceAll("\n", " ");
  expect(flat).toContain("ignores rotation most (90.0 %) and keeps colour most (10.0 %)");
  expect(flat).toContain(`not told of trained: RankMe, α-ReQ: ${few}`);
  expect(flat).toContain("not told of initial: 16 of 16 indicators: the features of all images are alike");
  expect(flat).toContain("note: indicators took 3 s");
});

it("JSON has no neighbours", () => {
  expect(withoutPredictions({ indicators: found })).toMatchObject({ indicators: { split: "held out" } });
  expect(JSON.stringify(withoutPredictions({ indicators: found }))).not.toContain('neighbours":');
});
