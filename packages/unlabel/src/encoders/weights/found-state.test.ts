import { scope } from "@unlabel/torch";
import { afterEach, describe, expect, it } from "vitest";
import {
  weightsFixture as fixture,
  shapesOf,
  sourceOfNames,
  type WeightsCase,
  weightsFile,
} from "../../testing/weights.ts";
import { ARCHITECTURES, type EncoderName } from "../facts.ts";
import { createEncoder } from "../registry.ts";
import type { Variant } from "../variants.ts";
import { VisionTransformer } from "../vit.ts";
import { encoderFor } from "./encoder-for.ts";
import type { Entry } from "./files/weights-file.ts";
import type { Hints } from "./found-architecture.ts";
import { findState, tensorsOf } from "./found-state.ts";
import { openWeights, type WeightsSource } from "./open-weights.ts";

const open: WeightsSource[] = [];
afterEach(() => {
  for (const source of open.splice(0)) source.close();
});
const opened = async (name: string, prefix?: string) => {
  const source = await openWeights(weightsFile(name), { prefix });
  open.push(source);
  return source;
};

const entriesOf = (one: WeightsCase, prefix = ""): Entry[] =>
  shapesOf(one).map(([name, shape]) => ({
    name: prefix + name,
    dtype: "float32",
    shape,
    bytes: () => new Uint8Array(),
  }));
const find = (one: WeightsCase, hints: Hints = {}) => findState(entriesOf(one), () => hints);

describe("what an architecture has", () => {
  it.each(
    Object.keys(ARCHITECTURES).filter((name) =>
      /^(resnet(18|34|50)|vit_(tiny|small|base))$/.test(name),
    ) as EncoderName[],
  )("%s: the parameters of the encoder here", (encoder) => {
    scope(() => {
      const config = { encoder, size: 64, patch: 16, channels: 5 } as const;
      const net = createEncoder(config);
      const shapes = new Map(Object.entries(net.stateDict()).map(([name, tensor]) => [name, [...tensor.shape]]));
      const entries = [...shapes].map(
        ([name, shape]) => ({ name, shape, dtype: "float32", bytes: () => new Uint8Array() }) as const,
      );
      net.dispose();
      const found = findState(entries, () => ({}))!;
      expect(new Map([...tensorsOf(found.architecture)].map(([name, { shape }]) => [name, [...shape]]))).toEqual(
        shapes,
      );
      expect([found.missing, found.unexpected, found.aside]).toEqual([[], [], []]);
      const loads = encoderFor(found.architecture);
      expect(loads).toMatchObject({ config: { encoder, channels: 5 } });
    });
  });
});

describe("what sets a ViT apart is told, and asks for the same encoder here", () => {
  it.each<Variant>([
    { pooled_norm: true, pooling: "mean" },
    { registers: 3, prefix_positions: "all" },
    { registers: 3, prefix_positions: "all", class_token: false },
    { registers: 4, prefix_positions: "none", layer_scale: 1e-5 },
    { mlp_ratio: 3 },
    { qkv_bias: false, class_token: false },
  ])("%j", (variant) => {
    scope(() => {
      const net = createEncoder({ encoder: "vit_tiny", size: 32, patch: 8, ...variant });
      const entries = Object.entries(net.stateDict()).map(([name, tensor]): Entry => {
        return { name, shape: [...tensor.shape], dtype: "float32", bytes: () => new Uint8Array() };
      });
      net.dispose();
      const found = findState(entries, () => ({}))!;
      expect([found.missing, found.unexpected, found.aside]).toEqual([[], [], []]);
      expect(encoderFor(found.architecture)).toEqual({
        config: { encoder: "vit_tiny", size: 32, patch: 8, channels: 3, ...variant },
      });
    });
  });

  it("heads that a config or a program says are taken, as of MoCo v3's small one, and no others than divide the width", () => {
    scope(() => {
      const net = createEncoder({ encoder: "vit_tiny", size: 32, patch: 8, heads: 12 });
      const entries = Object.entries(net.stateDict()).map(([name, tensor]): Entry => {
        return { name, shape: [...tensor.shape], dtype: "float32", bytes: () => new Uint8Array() };
      });
      expect(net instanceof VisionTransformer && net.blocks[0]!.attn.heads).toBe(12);
      net.dispose();
      const of = (heads: number | undefined) => encoderFor(findState(entries, () => ({ heads }))!.architecture);
      const config = { encoder: "vit_tiny", size: 32, patch: 8, channels: 3 };
      expect(of(12)).toEqual({ config: { ...config, heads: 12 } });
      expect(of(3)).toEqual({ config });
      expect(of(undefined)).toEqual({ config });
      expect(of(7)).toEqual({ why: "no encoder here has these sizes" });
    });
  });

  it("tensors of nothing are left aside", () => {
    const entries = [...entriesOf(fixture.cases["timm vit"]!), ...entriesOf({ names: { "queue.empty": "0,3" } })];
    const found = findState(entries, () => ({}))!;
    expect([found.unexpected, found.aside]).toEqual([
      [],
      [{ what: "without a number in them", names: ["queue.empty"] }],
    ]);
  });

  it("another kind with names of a known one is told by what it is", () => {
    const { state, instead } = sourceOfNames(fixture.cases["timm deit distilled"]!);
    expect([state!.unexpected.includes("dist_token"), instead]).toEqual([true, "a DeiT with a distillation token"]);
    expect(sourceOfNames(fixture.cases["timm vit"]!).instead).toBe(null);
  });

  it("a norm behind pooling beside one before is a classifier's", () => {
    const entries = [...entriesOf(fixture.cases["timm vit"]!), ...entriesOf({ names: { "fc_norm.weight": "48" } })];
    const found = findState(entries, () => ({}))!;
    expect(found.architecture).toMatchObject({ pooledNorm: false });
    expect([found.missing, found.unexpected]).toEqual([[], []]);
    expect(found.aside).toEqual([{ what: expect.stringMatching(/classifier/), names: ["fc_norm.weight"] }]);
  });
});

describe("how positions are made for other images, where a program does it otherwise than timm", () => {
  const { cases } = Object.values(fixture.transformers).at(-1)!;
  const own = (registers: boolean) => ({
    names: {
      ...fixture.cases[registers ? "timm dinov2 registers" : "timm vit"]!.names,
      "blocks.0.ls1.gamma": "48",
      mask_token: "1,48",
    },
  });
  const renamed = ({ names }: WeightsCase): WeightsCase => ({
    names: Object.fromEntries(
      Object.entries(names).map(([name, shape]) => [name.replace("reg_token", "register_tokens"), shape]),
    ),
  });
  it.each<[name: string, one: WeightsCase, interpolation: string | null]>([
    ["transformers' ViT", cases.vit!, "bicubic"],
    ["transformers' DINOv2", cases.dinov2!, "bicubic"],
    ["transformers' DINOv2 with registers", cases["dinov2 registers"]!, null],
    ["DINOv2's own code", own(false), "offset"],
    ["DINOv2's own code with registers", renamed(own(true)), null],
    ["timm", fixture.cases["timm vit"]!, null],
    ["timm's DINOv2", fixture.cases["timm dinov2 registers"]!, null],
  ])("%s", (_, one, interpolation) => {
    expect(sourceOfNames(one).architecture).toMatchObject({ interpolation });
  });
});

describe("names of timm and torchvision", () => {
  const complete: [name: string, expected: object][] = [
    [
      "timm vit",
      { family: "vit", depth: 2, width: 48, patch: 8, grid: [4, 4], classToken: true, qkvBias: true, registers: 0 },
    ],
    ["timm vit, class token without position", { classToken: true, classPosition: false, grid: [4, 4] }],
    ["timm vit, no bias", { qkvBias: false }],
    ["timm vit, classifier", { family: "vit", classPosition: true }],
    ["timm dinov2 registers", { registers: 4, classPosition: false, layerScale: true, grid: [4, 4] }],
    ["timm vit average", { classToken: false, grid: [4, 4] }],
    ["torchvision vit", { family: "vit", depth: 2, width: 48, grid: [4, 4] }],
    ["timm resnet50", { family: "resnet", encoder: "resnet50", stem: "7x7", counts: [3, 4, 6, 3] }],
    ["torchvision resnet101", { encoder: "resnet101" }],
    ["torchvision wide_resnet50_2", { encoder: "wide_resnet50_2", inner: 128 }],
    ["torchvision resnext50", { encoder: null, groups: 32 }],
    ["sequence resnet18", { encoder: "resnet18", bottleneck: false }],
    ["timm convnext", { family: "convnext", encoder: "convnext_tiny", depths: [3, 3, 9, 3], layerScale: true }],
    ["torchvision convnext", { family: "convnext", encoder: "convnext_tiny" }],
  ];
  it.each(complete)("%s", (name, expected) => {
    const found = find(fixture.cases[name]!)!;
    expect(found.architecture).toMatchObject(expected);
    expect([found.missing, found.unexpected, found.prefix]).toEqual([[], [], ""]);
    const heads = /classifier|resnet|resnext|convnext|torchvision/.test(name) && !/sequence/.test(name);
    expect(found.aside.map(({ what }) => what)).toEqual(heads ? [expect.stringMatching(/^a (classifier|head)$/)] : []);
  });

  it("a distilled DeiT is no ViT of ours, and a ResNet-D and an EfficientNet are none at all", () => {
    const deit = find(fixture.cases["timm deit distilled"]!)!;
    expect(deit.unexpected).toContain("dist_token");
    expect(find(fixture.cases["timm resnet50d"]!)).toBe(null);
    expect(find(fixture.cases["timm efficientnet_b0"]!)).toBe(null);
  });
});

describe.each(Object.entries(fixture.transformers))("names of transformers %s", (_, { cases }) => {
  it.each([
    ["vit", { family: "vit", depth: 2, width: 48, patch: 8, grid: [4, 4] }, [/pooler/]],
    ["vit classifier", { family: "vit" }, [/a head/]],
    ["vit_mae", { family: "vit" }, [/MAE's decoder/]],
    ["dinov2", { layerScale: true, registers: 0 }, [/mask token/]],
    [
      "dinov2 registers",
      { layerScale: true, registers: 4, classPosition: true, registerPositions: false },
      [/mask token/],
    ],
    ["resnet18", { encoder: "resnet18" }, [/a classifier/]],
    ["resnet50", { encoder: "resnet50" }, [/a classifier/]],
    ["convnext", { encoder: "convnext_tiny" }, [/a classifier/]],
  ] as const)("%s", (name, expected, aside) => {
    const found = find(cases[name]!)!;
    expect(found.architecture).toMatchObject(expected);
    expect([found.missing, found.unexpected]).toEqual([[], []]);
    expect(found.aside.map(({ what }) => what)).toEqual(aside.map((what) => expect.stringMatching(what)));
    const theirs = [...found.placed.values()].flatMap(({ pieces }) => pieces);
    expect(theirs).not.toContain(null);
  });
});

describe("prefixes", () => {
  const plain = fixture.cases["timm vit"]!;

  it.each([
    "module.",
    "backbone.",
    "model.backbone.",
    "state_dict.module.base_encoder.",
    "state_dict.module.encoder_q.",
    "model._orig_mod.encoder.",
    "student.module.backbone.",
  ])("%s is found", (prefix) => {
    const found = findState(
      [...entriesOf(plain, prefix), ...entriesOf({ names: { "epoch.count": "1" } })],
      () => ({}),
    )!;
    expect([found.prefix, found.missing, found.others]).toEqual([prefix, [], []]);
  });

  it.each(["_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_orig_mod."])(
    "%s within names, as wrappers of blocks leave it, is passed over",
    (wrapper) => {
      const entries = entriesOf(plain, "module.").map((entry) => ({
        ...entry,
        name: entry.name.replace(/^module\.blocks\.(\d+)\./, `module.blocks.$1.${wrapper}`),
      }));
      const found = findState(entries, () => ({}))!;
      expect([found.prefix, found.missing, found.unexpected]).toEqual(["module.", [], []]);
      expect(found.placed.get("blocks.1.norm1.weight")!.pieces[0]!.name).toBe(`module.blocks.1.${wrapper}norm1.weight`);
    },
  );

  it.each([
    ["teacher.backbone.", "student.module.backbone."],
    ["state_dict_ema.", "state_dict."],
    ["state_dict.module.encoder_q.", "state_dict.module.encoder_k."],
    ["state_dict.module.base_encoder.", "state_dict.module.momentum_encoder."],
  ])("%s is taken before %s, and the other told", (first, second) => {
    const found = findState([...entriesOf(plain, second), ...entriesOf(plain, first)], () => ({}))!;
    expect([found.prefix, found.others]).toEqual([first, [second]]);
    const asked = findState([...entriesOf(plain, second), ...entriesOf(plain, first)], () => ({}), second)!;
    expect([asked.prefix, asked.missing]).toEqual([second, []]);
  });

  it("a whole encoder is taken before one with gaps", () => {
    const gaps = entriesOf(plain, "teacher.").filter(({ name }) => !name.includes("norm1"));
    expect(findState([...gaps, ...entriesOf(plain, "student.")], () => ({}))!.prefix).toBe("student.");
  });
});

describe("files", () => {
  it.each(["mae_like.pth", "mae_like_old.pth"])("%s: MAE's encoder, its decoder left aside", async (name) => {
    const { producer, state, parts, metadata } = await opened(name);
    expect(producer).toBe("MAE's checkpoint with decoder");
    expect(state).toMatchObject({
      prefix: "model.",
      missing: [],
      unexpected: [],
      architecture: { depth: 2, width: 16 },
    });
    expect(state!.aside).toEqual([{ what: "MAE's decoder", names: expect.arrayContaining(["model.mask_token"]) }]);
    expect(parts.map(({ key, what }) => [key, what])).toContainEqual(["args", "argparse.Namespace (inert)"]);
    expect(metadata).toMatchObject({ epoch: 7 });
  });

  it("DINO's: the teacher, its head and the student left aside", async () => {
    const { producer, state } = await opened("dino_like.pth");
    expect(producer).toBe("DINO's full checkpoint");
    expect(state).toMatchObject({ prefix: "teacher.backbone.", missing: [], others: ["student.module.backbone."] });
    expect((await opened("dino_like.pth", "student.module.backbone.")).state!.prefix).toBe("student.module.backbone.");
    await expect(opened("dino_like.pth", "model.")).rejects.toThrow(
      /an encoder is there: teacher\.backbone\., student/,
    );
  });

  it("MoCo v3's: half precision, twelve heads", async () => {
    const { state, entries } = await opened("moco_like.pth");
    expect(state).toMatchObject({ prefix: "state_dict.module.base_encoder.", architecture: { heads: 12 } });
    expect(entries[0]!.dtype).toBe("float16");
  });

  it("a folder of timm's: its preprocessing and licence", async () => {
    const { producer, architecture, preprocessing, licence } = await opened("timm");
    expect([producer, licence]).toEqual(["timm's vit_tiny_patch16_224", "apache-2.0"]);
    expect(architecture).toMatchObject({ heads: 2, size: 32, patch: 8 });
    const [mean, std] = [Array(3).fill(0.5), Array(3).fill(0.25)];
    expect(preprocessing).toEqual({ mean, std, size: 32, interpolation: "bicubic", cropShare: 0.9 });
  });

  it("a folder of transformers': shards, ε, preprocessing and licence", async () => {
    const { producer, architecture, preprocessing, licence, state } = await opened("transformers");
    expect([producer, licence, state!.missing]).toEqual(["transformers' vit", "apache-2.0", []]);
    expect(architecture).toMatchObject({ heads: 2, normEps: 1e-12 });
    expect(preprocessing).toMatchObject({ mean: [0.5, 0.5, 0.5], size: 32, interpolation: "bilinear", cropShare: 1 });
  });
});
