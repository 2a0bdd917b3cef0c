import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { saveSafetensors, scope } from "@unlabel/torch";
import { expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { createEncoder } from "../encoders/index.ts";
import { encoderFor } from "../encoders/weights/encoder-for.ts";
import { loadWeights } from "../encoders/weights/load-weights.ts";
import { temporaryFolder } from "../testing/data.ts";
import { writeRun } from "../testing/run-fixture.ts";
import { weightsFile } from "../testing/weights.ts";
import { openSource } from "./open-source.ts";

const ENCODER = { encoder: "resnet18", size: 64, patch: 16, stem: "3x3" } as const;

/** A run with a checkpoint, and what its encoder's first weights are. */
async function writeTrained(folder: string, average: boolean): Promise<{ run: string; bias: number[] }> {
  const run = await writeRun(join(folder, "run"), { config: { ...ENCODER, ...(average && { weights_average: 0.9 }) } });
  mkdirSync(join(run, "checkpoints"), { recursive: true });
  return scope(() => {
    const net = createEncoder(ENCODER);
    const state = net.stateDict();
    state["bn1.bias"]!.detach().fill_(average ? 0.75 : 0.25);
    const named = (prefix: string, from: typeof state) =>
      Object.fromEntries(Object.entries(from).map(([name, tensor]) => [prefix + name, tensor]));
    const zeros = Object.fromEntries(Object.entries(state).map(([name, tensor]) => [name, tensor.zerosLike()]));
    const weights = average
      ? { ...named("encoder.", zeros), ...named("encoder_average.", state) }
      : { ...named("encoder.", state), ...named("target.encoder.", zeros) };
    const metadata = { format: "pt", step: "12", method: "simclr", config: "{}" };
    for (const kind of ["safetensors", "state.safetensors"]) {
      saveSafetensors(join(run, "checkpoints", `last.${kind}`), weights, metadata, { checksum: true });
    }
    const bias = state["bn1.bias"]!.toNumbers();
    net.dispose();
    return { run, bias };
  });
}

it.each([false, true])(
  "opens a run, and its checkpoint alone, with the weights that all else uses of it (averaged: %s)",
  async (average) => {
    using folder = temporaryFolder();
    const { run, bias } = await writeTrained(folder.path, average);
    for (const path of [run, join(run, "checkpoints", "last.safetensors")]) {
      const source = await openSource(path);
      expect(source.state).toMatchObject({
        prefix: average ? "encoder_average." : "encoder.",
        missing: [],
        unexpected: [],
      });
      expect(source.producer).toMatch(/^unlabel's .*simclr after step 12$/);
      const found = encoderFor(source.architecture!);
      if ("why" in found) throw new Error(found.why);
      expect(found.config).toMatchObject({ encoder: "resnet18", stem: "3x3", channels: 3 });
      const net = createEncoder(found.config);
      scope(() => {
        expect(loadWeights(net, source).missing).toEqual([]);
        expect(net.stateDict()["bn1.bias"]!.toNumbers()).toEqual(bias);
      });
      net.dispose();
      source.close();
    }
    const source = await openSource(run);
    expect(source.path).toBe(run);
    expect(source.preprocessing).toMatchObject({
      size: 64,
      mean: [expect.any(Number), expect.any(Number), expect.any(Number)],
    });
    source.close();
  },
);

it("opens files and folders of other programs", async () => {
  const source = await openSource(weightsFile("timm"));
  expect(source.architecture).toMatchObject({ family: "vit" });
  source.close();
});

it("refuses a run without a checkpoint, and what is not there", async () => {
  using folder = temporaryFolder();
  const { run } = await writeTrained(folder.path, false);
  rmSync(join(run, "checkpoints"), { recursive: true });
  await expect(openSource(run)).rejects.toThrow(UserError);
  await expect(openSource(join(folder.path, "none"))).rejects.toThrow(/which is not there/);
});
