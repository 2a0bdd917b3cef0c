import { join } from "node:path";
import { manualSeed } from "@unlabel/torch";
import { expect, it } from "vitest";
import { openData } from "../data/open.ts";
import { ARCHITECTURES, createEncoder, ResNet, VisionTransformer } from "../encoders/index.ts";
import { temporaryFolder } from "../testing/data.ts";
import { writeLabelled } from "../testing/labelled.ts";
import { Classifier, groupsOf, NETWORK, trainNetwork } from "./network.ts";

const settings = { ...NETWORK, size: 16, lr: 1, weight_decay: 0.05, layer_decay: 0.5 };

it("learning rates of a ViT halve from layer to layer, down to its patches", () => {
  manualSeed(0);
  const encoder = new VisionTransformer({ size: 16, patch: 8, width: 8, depth: 2, heads: 2 });
  const network = new Classifier(encoder, 3);
  const names = new Map(network.namedParameters().map(([name, tensor]) => [tensor, name]));
  const found = Object.fromEntries(
    groupsOf(network, settings).flatMap(({ params, lr, weightDecay }) =>
      params.map((tensor) => [names.get(tensor)!, [lr, weightDecay]]),
    ),
  );
  expect(Object.keys(found)).toHaveLength(names.size);
  expect(found).toMatchObject({
    "encoder.patch_embed.proj.weight": [0.125, 0.05],
    "encoder.patch_embed.proj.bias": [0.125, 0],
    "encoder.cls_token": [0.125, 0],
    "encoder.pos_embed": [0.125, 0],
    "encoder.blocks.0.attn.qkv.weight": [0.25, 0.05],
    "encoder.blocks.1.mlp.fc1.weight": [0.5, 0.05],
    "encoder.norm.weight": [1, 0],
    "head.weight": [1, 0.05],
    "head.bias": [1, 0],
  });
});

it("a ResNet has one learning rate, norms and biases no weight decay", () => {
  const network = new Classifier(new ResNet(ARCHITECTURES.resnet18), 3);
  const groups = groupsOf(network, settings);
  expect(groups.map(({ lr, weightDecay }) => [lr, weightDecay]).toSorted()).toEqual([
    [1, 0],
    [1, 0.05],
  ]);
  network.dispose();
});

it("trains an encoder that leaves out branches at random, the same for the same seed", async () => {
  using root = temporaryFolder();
  const { train, val, classes } = await openData(
    await writeLabelled(join(root.path, "images"), { train: 4, val: 2 }, "labelled"),
  );
  const losses = async (drop_path: number) => {
    manualSeed(0);
    const encoder = createEncoder({ encoder: "vit_tiny", size: 16, patch: 8, drop_path });
    const { curve } = await trainNetwork(encoder, train, val!, classes.length, {
      settings: { ...settings, epochs: 2, batch: 8, lr: 1e-3 },
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
      seed: 1,
      device: "cpu",
      precision: "fp32",
    });
    encoder.dispose();
    return curve.map(({ loss }) => loss);
  };
  const dropped = await losses(0.5);
  expect(await losses(0.5)).toEqual(dropped);
  expect(await losses(0)).not.toEqual(dropped);
});
