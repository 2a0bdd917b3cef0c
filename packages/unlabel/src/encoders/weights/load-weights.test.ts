import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cat, fromTypedArray as fromValues, noGrad, saveSafetensors, scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { formulaImages, relativeError } from "../../testing/reference.ts";
import {
  weightsFixture as fixture,
  sourceOfCase,
  sourceOfNames,
  type WeightsCase,
  weightsFile,
} from "../../testing/weights.ts";
import type { Encoder } from "../encoder.ts";
import { ARCHITECTURES } from "../facts.ts";
import { resamplePositions } from "../positions.ts";
import { ResNet } from "../resnet.ts";
import { VisionTransformer, type VitOptions } from "../vit.ts";
import { type LoadedWeights, type LoadWeightsOptions, loadWeights } from "./load-weights.ts";
import { openWeights, type WeightsAbout, type WeightsSource } from "./open-weights.ts";

const vit = (more: Partial<VitOptions> = {}) =>
  new VisionTransformer({ size: 32, patch: 8, width: 48, depth: 2, heads: 3, ...more });

async function loading<T>(
  one: WeightsCase,
  net: Encoder,
  body: (loaded: LoadedWeights, source: WeightsSource) => T,
  options: LoadWeightsOptions = {},
  about: WeightsAbout = {},
): Promise<T> {
  const { source, folder } = await sourceOfCase(one, about);
  try {
    return scope(() => body(loadWeights(net.eval(), source, options), source));
  } finally {
    source.close();
    net.dispose();
    rmSync(folder, { recursive: true });
  }
}

/** All tokens, the class token first. */
const tokensOf = (net: Encoder) =>
  noGrad(() => {
    const { tokens, classToken } = net.tokens(formulaImages(2, 32));
    return cat([classToken!.unsqueeze(1), tokens], 1);
  });

const transformers = Object.entries(fixture.transformers).flatMap(([major, { cases }]) =>
  ["vit", "vit classifier"].map((name): [string, WeightsCase] => [`transformers ${major}: ${name}`, cases[name]!]),
);

describe("tokens agree with the program's own", () => {
  it.each<[string, WeightsCase]>([
    ...[
      "timm vit",
      "timm vit, class token without position",
      "timm vit, no bias",
      "timm vit, classifier",
      "torchvision vit",
    ].map((name): [string, WeightsCase] => [name, fixture.cases[name]!]),
    ...transformers,
  ])("%s", async (_, one) => {
    const net = vit();
    await loading(one, net, ({ missing, unexpected }) => {
      expect([missing, unexpected]).toEqual([[], []]);
      expect(one.features).toHaveLength(2 * 17 * 48);
      expect(relativeError(tokensOf(net), one.features!)).toBeLessThan(1e-4);
    });
  });
});

describe("tokens of DINOv2 agree with the program's own", () => {
  const hf = Object.entries(fixture.transformers).flatMap(([major, { cases }]) =>
    ["dinov2", "dinov2 registers"].flatMap((name): [string, WeightsCase][] =>
      cases[name]!.features ? [[`transformers ${major}: ${name}`, cases[name]!]] : [],
    ),
  );
  it.each<[string, WeightsCase]>([["timm dinov2 registers", fixture.cases["timm dinov2 registers"]!], ...hf])(
    "%s",
    async (name, one) => {
      const registers = name.includes("registers") ? 4 : 0;
      const net = vit({ layerScale: 1, registers, prefixPositions: name.startsWith("timm") ? "none" : "class" });
      await loading(one, net, ({ missing, unexpected }) => {
        expect([missing, unexpected]).toEqual([[], []]);
        expect(relativeError(tokensOf(net), one.features!)).toBeLessThan(1e-4);
      });
    },
  );
});

describe("features agree with the program's own", () => {
  // A ResNet-50 by formula takes its time: one version does.
  const resnets = Object.entries(fixture.transformers).flatMap(([major, { cases }]) =>
    (["resnet18", ...(major === "5" ? (["resnet50"] as const) : [])] as const).map(
      (name) => [`transformers ${major}: ${name}`, name, cases[name]!] as const,
    ),
  );
  it.each([...resnets, ["a sequence", "resnet18", fixture.cases["sequence resnet18"]!] as const])(
    "%s",
    async (_, name, one) => {
      const net = new ResNet(ARCHITECTURES[name]);
      await loading(one, net, ({ missing }) => {
        expect(missing).toEqual([]);
        const features = noGrad(() => net.features(formulaImages(2, 64)));
        expect(relativeError(features, one.features!)).toBeLessThan(1e-4);
      });
    },
  );
});

describe("weights that are made to fit", () => {
  const one = fixture.cases["timm vit"]!;

  it("positions are interpolated as images of another size have them, and that is said", async () => {
    const net = vit({ size: 48 });
    await loading(one, net, ({ reshaped }, { state }) => {
      expect(reshaped).toEqual([
        { name: "pos_embed", from: [1, 17, 48], to: [1, 37, 48], how: "positions interpolated from 4 × 4 to 6 × 6" },
      ]);
      const bytes = state!.placed.get("pos_embed")!.pieces[0]!.bytes();
      const table = fromValues(new Float32Array(bytes.buffer), [17, 48]);
      const wanted = resamplePositions(table, [4, 4], [6, 6]);
      expect(relativeError(net.pos_embed.select(0, 0), wanted.toNumbers())).toBeLessThan(1e-6);
    });
  });

  it.each(["none", "class"] as const)(
    "positions of registers are theirs where a table has only %s",
    async (prefixPositions) => {
      const folder = mkdtempSync(join(tmpdir(), "unlabel-registers-"));
      const path = join(folder, "x.safetensors");
      const all = vit({ registers: 2, prefixPositions: "all" }).eval();
      scope(() => saveSafetensors(path, all.stateDict()));
      const source = await openWeights(path, { hints: { heads: 3 } });
      const net = vit({ registers: 2, prefixPositions }).eval();
      scope(() => {
        const { missing, unexpected } = loadWeights(net, source);
        expect([missing, unexpected]).toEqual([[], []]);
        expect(relativeError(tokensOf(net), tokensOf(all).toNumbers())).toBeLessThan(1e-5);
      });
      source.close();
      for (const one of [net, all]) one.dispose();
      rmSync(folder, { recursive: true });
    },
  );

  it.each(["mean", "inflate"] as const)("channels by %s, and that is said", async (channels) => {
    const net = vit({ channels: 6 });
    await loading(
      one,
      net,
      ({ reshaped }, { state }) => {
        expect(reshaped).toMatchObject([{ name: "patch_embed.proj.weight", from: [48, 3, 8, 8], to: [48, 6, 8, 8] }]);
        expect(reshaped[0]!.how).toContain("often does not help");
        const own = fromValues(
          new Float32Array(state!.placed.get("patch_embed.proj.weight")!.pieces[0]!.bytes().buffer),
          [48, 3, 8, 8],
        );
        const wanted = channels === "mean" ? own.mean([1], true).expand([48, 6, 8, 8]) : cat([own, own], 1);
        expect(relativeError(net.patch_embed.proj.weight, wanted.mul(0.5).toNumbers())).toBeLessThan(1e-6);
      },
      { channels },
    );
  });

  it("other channels without a word are refused, and nothing is changed", async () => {
    const net = vit({ channels: 6 });
    const before = net.norm!.bias!.toNumbers();
    const { source, folder } = await sourceOfCase(one);
    expect(() => loadWeights(net, source)).toThrow(/Expected 6 channels .* got 3; channels "mean" or "inflate"/);
    expect(net.norm!.bias!.toNumbers()).toEqual(before);
    source.close();
    rmSync(folder, { recursive: true });
  });

  it("half precision becomes float32", async () => {
    const source = await openWeights(weightsFile("moco_like.pth"), { hints: { heads: 2 } });
    const whole = await openWeights(weightsFile("timm"));
    scope(() => {
      const [half, full] = [source, whole].map((from) => {
        const net = vit({ width: 16, heads: 2 });
        loadWeights(net, from);
        return net;
      });
      expect(half!.norm!.weight!.dtype).toBe("float32");
      expect(relativeError(half!.blocks[1]!.mlp.fc1.weight, full!.blocks[1]!.mlp.fc1.weight.toNumbers())).toBeLessThan(
        1e-3,
      );
    });
    source.close();
    whole.close();
  });
});

it.each([Number.NaN, Number.POSITIVE_INFINITY])(
  "weights with %s in them are refused, and nothing is changed",
  async (value) => {
    const folder = mkdtempSync(join(tmpdir(), "unlabel-nan-"));
    const path = join(folder, "x.safetensors");
    const bad = vit();
    scope(() => {
      const state = bad.stateDict();
      const other = fromValues(new Float32Array(48).fill(value), [48]);
      saveSafetensors(path, { ...state, "blocks.1.norm2.bias": other });
    });
    const source = await openWeights(path);
    const net = vit();
    const before = net.blocks[0]!.mlp.fc1.weight.toNumbers();
    expect(() => scope(() => loadWeights(net, source))).toThrow(
      /Expected numbers in blocks\.1\.norm2\.bias of .*x\.safetensors, got NaN or infinity.*take an earlier checkpoint/,
    );
    expect(net.blocks[0]!.mlp.fc1.weight.toNumbers()).toEqual(before);
    source.close();
    for (const one of [net, bad]) one.dispose();
    rmSync(folder, { recursive: true });
  },
);

describe("weights of another encoder are refused in words", () => {
  const refusals: [name: string, one: WeightsCase, net: () => Encoder, message: RegExp][] = [
    ["a wider one", fixture.cases["timm vit"]!, () => vit({ width: 96 }), /Expected \[.*96.*\] for .*48 wide/],
    ["a deeper one", fixture.cases["timm vit"]!, () => vit({ depth: 3 }), /missing: blocks\.2\.norm1\.weight/],
    ["a shorter one", fixture.cases["timm vit"]!, () => vit({ depth: 1 }), /without a place in the encoder: blocks\.1/],
    [
      "with registers",
      fixture.cases["timm dinov2 registers"]!,
      () => vit(),
      /without a place in the encoder: reg_token/,
    ],
    ["another family", fixture.cases["timm resnet50"]!, () => vit(), /missing: cls_token/],
    [
      "no encoder",
      fixture.cases["timm efficientnet_b0"]!,
      () => vit(),
      /a classifier, an EfficientNet.*encoders known: resnet18/,
    ],
  ];
  it.each(refusals)("%s", (_, one, make, message) => {
    const net = make();
    expect(() => loadWeights(net, sourceOfNames(one))).toThrow(message);
    net.dispose();
  });

  it("other heads, where the source says how many it has", () => {
    const source = sourceOfNames(fixture.cases["timm vit"]!, { hints: { heads: 6 } });
    const net = vit();
    expect(() => loadWeights(net, source)).toThrow(/Expected 3 heads .* got 6/);
    net.dispose();
  });

  it("not strict, what is there is copied and the rest listed", async () => {
    const net = vit({ depth: 3 });
    await loading(
      fixture.cases["timm vit"]!,
      net,
      ({ missing, matched }) => {
        expect(missing).toHaveLength(12);
        expect(matched).toContain("blocks.1.mlp.fc2.bias");
      },
      { strict: false },
    );
  });

  it("another ε is told", async () => {
    const about = { hints: { heads: 3, normEps: 1e-12 } };
    const { notes } = await loading(fixture.cases["timm vit"]!, vit(), (loaded) => loaded, {}, about);
    expect(notes).toEqual(["the source's LayerNorm has ε 1e-12, the encoder's 0.000001: features differ a little"]);
  });
});
