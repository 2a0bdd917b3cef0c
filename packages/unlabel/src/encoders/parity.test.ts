// What other programs' encoders hold and compute: torchvision's, timm's and Hugging Face's, by fixtures/architectures.py.
import { readFileSync } from "node:fs";
import { noGrad, scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { formulaNumbers, formulaState, gradNorm, relativeError } from "../testing/reference.ts";
import { describeEncoder, type EncoderDescription } from "./description.ts";
import { encoderMacs } from "./facts.ts";
import { resamplePositions } from "./positions.ts";
import { buildEncoder } from "./registry.ts";
import { encoderParameters, encoderShapes } from "./shapes.ts";
import type { Interpolation } from "./variants.ts";

interface Seen {
  size: [height: number, width: number];
  features: number[];
  tokens: number[];
  class?: number[];
  grad_norm?: number;
}
interface Fixture {
  whole: Record<string, { names: Record<string, string>; parameters: number; macs: number }>;
  cases: { source: string; description: EncoderDescription; images: Seen[] }[];
  resampled: {
    from: [number, number];
    to: [number, number];
    dim: number;
    interpolation: Interpolation;
    values: number[];
  }[];
}
const fixture: Fixture = JSON.parse(
  readFileSync(new URL("../../../../fixtures/architectures.json", import.meta.url), "utf8"),
);

describe.each(Object.entries(fixture.whole))("%s", (encoder, { names, parameters, macs }) => {
  const config = { encoder, size: 224, patch: 16, stem: "7x7" as const };

  it("has the names and shapes of the program that it is from", () => {
    const shapes = encoderShapes(describeEncoder(config));
    const found = Object.entries(shapes).map(([name, shape]) => [name, shape.join(",")]);
    expect(Object.fromEntries(found)).toEqual(names);
  });

  it("has its parameters and its multiply-adds at 224 px", () => {
    expect(encoderParameters(config)).toBe(parameters);
    expect(encoderMacs(config) / macs).toBeCloseTo(1, 3);
  });
});

describe.each(fixture.cases)("$source", ({ description, images }) => {
  it.each(images)("has the same features and tokens at $size", (seen) => {
    scope(() => {
      const net = buildEncoder(description).eval();
      net.loadStateDict(formulaState(net.stateDict()));
      const x = formulaNumbers("images", [2, 3, ...seen.size]);
      // As it is trained, and as it is made.
      for (const format of ["contiguous", "channels_last"] as const) {
        net.to({ memoryFormat: format });
        noGrad(() => {
          const input = x.to({ memoryFormat: format });
          expect(relativeError(net.features(input), seen.features)).toBeLessThan(2e-5);
          if (description.family === "resnet") return;
          const { tokens, classToken } = net.tokens(input);
          expect(relativeError(tokens, seen.tokens)).toBeLessThan(2e-5);
          if (seen.class) expect(relativeError(classToken!, seen.class)).toBeLessThan(2e-5);
        });
      }
      if (seen.grad_norm !== undefined) {
        net.features(x).square().mean().backward();
        expect(gradNorm(net) / seen.grad_norm).toBeCloseTo(1, 4);
      }
      net.dispose();
    });
  });
});

it.each(fixture.resampled)("positions are resampled as $interpolation: $from to $to", (reference) => {
  scope(() => {
    const [height, width] = reference.from;
    const table = formulaNumbers("positions", [1 + height * width, reference.dim]);
    const { interpolation } = reference;
    const found = resamplePositions(table, reference.from, reference.to, { interpolation });
    expect(relativeError(found, reference.values)).toBeLessThan(1e-5);
    // The same rows without one before them.
    const bare = resamplePositions(table.narrow(0, 1, height * width), reference.from, reference.to, {
      ...{ prefix: 0, interpolation },
    });
    expect(bare.equal(found.narrow(0, 1, found.shape[0]! - 1))).toBe(true);
  });
});
