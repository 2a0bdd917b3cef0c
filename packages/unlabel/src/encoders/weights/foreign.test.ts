// ConvNeXts and the deeper ResNets of other programs, end to end: from a file through names and weights to the same features.
import { readFileSync, rmSync } from "node:fs";
import { noGrad, scope } from "@unlabel/torch";
import { expect, it } from "vitest";
import { formulaImages, relativeError } from "../../testing/reference.ts";
import { sourceOfCase, type WeightsCase } from "../../testing/weights.ts";
import { ConvNeXt } from "../convnext.ts";
import type { Encoder } from "../encoder.ts";
import { ARCHITECTURES } from "../facts.ts";
import { ResNet } from "../resnet.ts";
import { loadWeights } from "./load-weights.ts";

const fixture: { convnext: Record<string, WeightsCase>; resnet: Record<string, WeightsCase> } = JSON.parse(
  readFileSync(new URL("../../../../../fixtures/foreign.json", import.meta.url), "utf8"),
);

async function agrees(one: WeightsCase, net: Encoder): Promise<void> {
  const { source, folder } = await sourceOfCase(one);
  try {
    scope(() => {
      const { missing, unexpected } = loadWeights(net.eval(), source);
      expect([missing, unexpected]).toEqual([[], []]);
      const features = noGrad(() => net.features(formulaImages(2, 64)));
      expect(one.features!.length).toBe(2 * net.dim);
      expect(relativeError(features, one.features!)).toBeLessThan(1e-4);
    });
  } finally {
    source.close();
    net.dispose();
    rmSync(folder, { recursive: true });
  }
}

it.each([
  ["timm", 1e-6],
  ["torchvision", 1e-6],
  ["transformers", 1e-12],
])("a ConvNeXt of %s", async (program, normEps) => {
  const sizes = { counts: [1, 1, 3, 1], widths: [16, 24, 32, 48] } as const;
  await agrees(fixture.convnext[program]!, new ConvNeXt(sizes, { normEps }));
});

it.each(["resnet101", "resnet152"] as const)("torchvision's %s, a quarter as wide within", async (name) => {
  await agrees(fixture.resnet[name]!, new ResNet({ ...ARCHITECTURES[name], baseWidth: 16 }));
});
