import { scope } from "@unlabel/torch";
import { expect, it } from "vitest";
import { createEncoder } from "./index.ts";
import { layersOf } from "./layers.ts";

it.each([
  [
    "vit_tiny",
    { size: 32, patch: 16, registers: 2 },
    14,
    {
      cls_token: 0,
      pos_embed: 0,
      reg_token: 0,
      "patch_embed.proj.weight": 0,
      "blocks.0.norm1.weight": 1,
      "blocks.11.mlp.fc2.bias": 12,
      "norm.weight": 13,
    },
  ],
  [
    "resnet18",
    { size: 32, patch: 16 },
    5,
    { "conv1.weight": 0, "bn1.bias": 0, "layer1.0.conv1.weight": 1, "layer4.1.bn2.weight": 4 },
  ],
  [
    "convnext_tiny",
    { size: 32, patch: 16 },
    6,
    {
      "stem.0.weight": 0,
      "stages.0.blocks.0.conv_dw.weight": 1,
      "stages.3.blocks.2.norm.bias": 4,
      "head.norm.weight": 5,
    },
  ],
] as const)("%s: every parameter has a layer, from the images up", (encoder, config, count, some) => {
  scope(() => {
    const net = createEncoder({ encoder, ...config });
    const names = [...net.namedParameters()].map(([name]) => name);
    const found = layersOf(names);
    expect(found.count).toBe(count);
    expect(found.of.size).toBe(names.length);
    for (const [name, layer] of Object.entries(some)) expect([name, found.of.get(name)]).toEqual([name, layer]);
    expect(new Set(found.of.values()).size).toBe(count);
    net.dispose();
  });
});
