import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readSourceConfig } from "./preprocessing.ts";

const folder = mkdtempSync(join(tmpdir(), "unlabel-preprocessing-"));
afterAll(() => rmSync(folder, { recursive: true }));

function read(config: unknown, images?: object) {
  writeFileSync(join(folder, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
  writeFileSync(join(folder, "preprocessor_config.json"), images ? JSON.stringify(images) : "");
  return readSourceConfig(folder);
}

const CFG = {
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
  input_size: [3, 224, 224],
  crop_pct: 0.9,
  interpolation: "bicubic",
};
const timm = (more: object = {}, beside: object = {}) =>
  read({ architecture: "vit_tiny_patch16_224", pretrained_cfg: { ...CFG, ...more }, ...beside })!;
const PLAIN = { mean: CFG.mean, std: CFG.std, size: 224, interpolation: "bicubic", cropShare: 0.9 };

describe("timm's config", () => {
  it("says how images are prepared, also where it is one of before pretrained_cfg", () => {
    expect(timm()).toMatchObject({ preprocessing: PLAIN, notes: [] });
    expect(read({ architecture: "vit_tiny_patch16_224", ...CFG })!.preprocessing).toEqual(PLAIN);
    expect(timm({}, { pretrained_cfg: null }).preprocessing).toBe(null);
  });

  it.each<[what: string, more: object, left: object | null, note: RegExp]>([
    ["a deviation of nothing", { std: [0, 0, 0] }, null, /mean \[0\.5,0\.5,0\.5\] and std \[0,0,0\] cannot be meant/],
    ["a negative one", { std: [-1, 1, 1] }, null, /cannot be meant/],
    ["next to nothing", { std: [1e-300, 1, 1] }, null, /cannot be meant/],
    ["more deviations than means", { mean: [0.5] }, null, /cannot be meant/],
    ["words", { mean: "imagenet" }, null, /mean "imagenet" and std .* cannot be meant/],
    ["a huge mean", { mean: [1e308, 0, 0] }, null, /cannot be meant/],
    [
      "a huge size",
      { input_size: [3, 1e9, 1e9] },
      { ...PLAIN, size: null },
      /size 1000000000 cannot be meant: its weights' own/,
    ],
    ["half a pixel", { input_size: [3, 224.5, 224.5] }, { ...PLAIN, size: null }, /size 224\.5 cannot be meant/],
    ["a rectangle", { input_size: [3, 224, 448] }, PLAIN, /images of 224 × 448: squares are taken/],
    [
      "next to no crop",
      { crop_pct: 1e-9 },
      { ...PLAIN, cropShare: null },
      /crop of 1e-9 cannot be meant: all of the short side/,
    ],
    ["a crop beyond the image", { crop_pct: 50 }, { ...PLAIN, cropShare: null }, /crop of 50 cannot be meant/],
  ])("%s is noted, and not believed", (_, more, left, note) => {
    const { preprocessing, notes } = timm(more);
    expect(preprocessing).toEqual(left);
    expect(notes).toEqual([expect.stringMatching(note)]);
  });
});

describe("a model of timm's", () => {
  it.each(["squash", "border"])("that takes whole images (%s) is noted", (mode) => {
    expect(timm({ crop_mode: mode }).notes).toEqual([
      "its own processor squeezes images into squares: here their central square is seen",
    ]);
    expect(timm({ crop_mode: "center" }).notes).toEqual([]);
  });

  it.each([
    ["resnetaa50", "a ResNet with anti-aliased strides (timm's resnetaa and resnetblur)"],
    ["resnetblur50d", "a ResNet with anti-aliased strides (timm's resnetaa and resnetblur)"],
    ["vit_base_patch16_rpn_224", "a ViT with norms behind its branches (timm's vit_…_rpn)"],
    ["resnet50", null],
    ["vit_base_patch16_224", null],
  ])("whose tensors are named as another's is told by its own name: %s", (architecture, instead) => {
    expect(read({ architecture, ...CFG })!.instead).toBe(instead);
  });
});

describe("transformers' config", () => {
  const images = { image_mean: [0.5, 0.4, 0.3], image_std: [0.2, 0.2, 0.2], size: { shortest_edge: 256 }, resample: 3 };
  const cropped = { ...images, do_center_crop: true, crop_size: { height: 224, width: 224 } };
  const of = (processor: object) => read({ model_type: "dinov2", image_size: 518 }, processor)!;

  it("says size, crop and filter", () => {
    expect(of(cropped)).toMatchObject({
      preprocessing: { mean: [0.5, 0.4, 0.3], size: 224, interpolation: "bicubic", cropShare: 0.875 },
      hints: { size: 518 },
      notes: [],
    });
    expect(of({ ...cropped, size: 224, crop_size: 448 })).toMatchObject({
      preprocessing: { size: 448, cropShare: null },
      notes: [expect.stringMatching(/crop of 2 cannot be meant/)],
    });
  });

  it("says that images are squeezed, which they are not here", () => {
    expect(of({ ...images, size: { height: 224, width: 224 } }).notes).toEqual([
      "its own processor squeezes images into squares: here their central square is seen",
    ]);
  });

  it("has ConvNeXt's crop below 384 px alone: from there on whole images are squeezed", () => {
    const convnext = (edge: number) => of({ ...images, size: { shortest_edge: edge }, crop_pct: 0.875 });
    expect(convnext(224)).toMatchObject({ preprocessing: { size: 224, cropShare: 0.875 }, notes: [] });
    expect(convnext(384)).toMatchObject({
      preprocessing: { size: 384, cropShare: 1 },
      notes: ["its own processor squeezes images into squares: here their central square is seen"],
    });
  });

  it("normalises what values it says: those of 0 to 255, others, or none", () => {
    const close = (wanted: readonly number[]) => wanted.map((one) => expect.closeTo(one, 9));
    const bytes = { ...cropped, image_mean: [127.5, 102, 51], image_std: [51, 51, 51], do_rescale: false };
    expect(of(bytes).preprocessing).toMatchObject({ mean: close([0.5, 0.4, 0.2]), std: close([0.2, 0.2, 0.2]) });
    const halves = { ...cropped, rescale_factor: 1 / 127.5 };
    expect(of(halves).preprocessing).toMatchObject({ mean: close([0.25, 0.2, 0.15]), std: close([0.1, 0.1, 0.1]) });
    expect(of({ ...cropped, do_normalize: false }).preprocessing).toMatchObject({ mean: [0, 0, 0], std: [1, 1, 1] });
  });
});

it.each(["{not json", "", "[1,2]", "[".repeat(100_000), "null", '{"model_type":5}'])("%j is no config", (text) => {
  expect(read(text.slice(0, 200_000))).toBe(null);
});
