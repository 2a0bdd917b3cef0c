import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { manualSeed, randn, scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { describeEncoder } from "./description.ts";
import {
  ARCHITECTURES,
  ENCODERS,
  encoderDim,
  encoderMacs,
  encoderWidth,
  encoderWords,
  isResNet,
  isVit,
} from "./facts.ts";
import { createEncoder } from "./registry.ts";
import { encoderParameters, encoderShapes } from "./shapes.ts";

/** All that a file and what it imports import, types left out. */
function imported(file: string, found = new Set<string>()): Set<string> {
  for (const [, name] of readFileSync(file, "utf8").matchAll(/^(?:import|export) (?!type)[^;]*?from "([^"]+)"/gm)) {
    if (found.has(name!)) continue;
    found.add(name!);
    if (name!.startsWith(".")) imported(join(dirname(file), name!), found);
  }
  return found;
}

describe("what is known of encoders", () => {
  it("needs neither LibTorch nor zod", () => {
    for (const file of ["facts.ts", "shapes.ts"]) {
      const names = imported(join(import.meta.dirname, file));
      expect(names).toContain("../base/errors.ts");
      expect([...names].filter((name) => !name.startsWith("."))).toEqual([]);
    }
    expect(imported(join(import.meta.dirname, "registry.ts"))).toContain("@unlabel/torch");
  });

  it.each(ENCODERS)("of %s is what its network gives, on five channels too", (encoder) => {
    scope(() => {
      manualSeed(0);
      const net = createEncoder({ encoder, size: 32, patch: 16, channels: 5 });
      net.eval();
      const images = randn([1, 5, 32, 32]);
      expect(net.dim).toBe(encoderDim({ encoder }));
      expect(net.features(images).shape).toEqual([1, encoderDim({ encoder })]);
      const { tokens, grid } = net.tokens(images);
      expect(tokens.shape).toEqual([1, grid[0] * grid[1], encoderWidth({ encoder })]);
      const config = { encoder, size: 32, patch: 16, channels: 5 };
      const shapes = Object.entries(net.stateDict()).map(([name, { shape }]) => [name, shape]);
      expect(shapes).toEqual(Object.entries(encoderShapes(describeEncoder(config))));
      const trained = net.parameters().reduce((sum, { numel }) => sum + numel, 0);
      expect(encoderParameters(config)).toBe(trained);
      net.dispose();
    });
  });

  it("says which are ViTs, which nobody guesses from a name", () => {
    expect(ENCODERS.filter(isVit)).toEqual(["vit_tiny", "vit_small", "vit_base", "vit_large"]);
    expect(ENCODERS.filter(isResNet)).toHaveLength(7);
    expect(["vit", "vit_huge", "Vit_tiny", ""].filter(isVit)).toEqual([]);
    const folder = join(import.meta.dirname, "..");
    const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    const guesses = /startsWith\("(?:vit|resnet)/;
    expect(sources.filter((name) => guesses.test(readFileSync(join(folder, name), "utf8")))).toEqual([]);
  });

  it("stands in the documentation's table", () => {
    const page = readFileSync(new URL("../../../../docs/encoders.md", import.meta.url), "utf8");
    const rows = page.split("\n").filter((line) => /^\| `\w+` \| [A-Z]/.test(line));
    const of = (count: number, unit: number) => (count / unit).toFixed(1);
    expect(rows).toEqual(
      ENCODERS.map((encoder) => {
        const config = { encoder, size: 224, patch: 16, stem: "7x7" as const };
        const [parameters, macs] = [of(encoderParameters(config), 1e6), of(encoderMacs(config), 1e9)];
        return `| \`${encoder}\` | ${ARCHITECTURES[encoder].title} | ${parameters} | ${macs} | ${encoderDim(config)} |`;
      }),
    );
  });

  it("names them in short for help", () => {
    expect(encoderWords()).toBe(
      "resnet18|34|50|101|152, wide_resnet50_2|101_2, vit_tiny|small|base|large or convnext_tiny|small|base",
    );
  });

  it("names what there is where a name is unknown", () => {
    const config = { encoder: "resnet19", size: 32, patch: 8 };
    for (const ask of [encoderDim, encoderWidth, encoderMacs, createEncoder]) {
      expect(() => ask(config)).toThrow(`Expected one of ${ENCODERS.join(", ")} for encoder, got resnet19`);
    }
    expect(() => encoderDim({ encoder: "toString" })).toThrow("got toString");
  });

  it("has features as long as their pooling says", () => {
    const length = (pooling?: "mean_max" | "class" | "mean" | "class_mean") =>
      encoderDim({ encoder: "vit_tiny", pooling });
    expect([length(), length("mean_max"), length("class"), length("mean"), length("class_mean")]).toEqual([
      384, 384, 192, 192, 384,
    ]);
  });

  it("counts a ViT's work by the patches that it sees, and by channels", () => {
    const config = { encoder: "vit_tiny", size: 64, patch: 16 };
    const blocks = (n: number) => 12 * (12 * n * 192 ** 2 + 2 * n ** 2 * 192);
    expect(encoderMacs(config)).toBe(16 * 768 * 192 + blocks(17));
    expect(encoderMacs(config, { patches: 4 })).toBe(4 * 768 * 192 + blocks(5));
    expect(encoderMacs({ ...config, channels: 1 })).toBe(16 * 256 * 192 + blocks(17));
    expect(encoderMacs({ ...config, registers: 4, class_token: false })).toBe(16 * 768 * 192 + blocks(20));
    const thin = (n: number) => 12 * (8 * n * 192 ** 2 + 2 * n ** 2 * 192);
    expect(encoderMacs({ ...config, mlp_ratio: 2 })).toBe(16 * 768 * 192 + thin(17));
    const resnet = { encoder: "resnet18", size: 64, patch: 16 };
    const stem = (channels: number) => 64 ** 2 * 64 * channels * 9;
    expect(encoderMacs({ ...resnet, channels: 13 }) - encoderMacs(resnet)).toBe(stem(13) - stem(3));
    expect(() => encoderMacs(resnet, { patches: 4 })).toThrow(
      "Expected a ViT for encoder where only 4 patches are seen",
    );
  });
});
