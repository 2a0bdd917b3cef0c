// Evaluations that share a memory of baselines find what they find by themselves, to the bit, and encode less.
import { cpSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { memory, scope } from "@unlabel/torch";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { resolveConfig } from "../methods/registry.ts";
import type { Evaluations } from "../run/evaluations.ts";
import { temporaryFolder } from "../testing/data.ts";
import { SIDE, writeCheckpoint, writeLabelled } from "../testing/labelled.ts";
import { BaselineMemory } from "./baseline-memory.ts";
import { untrainedMethod } from "./baselines.ts";
import { evaluate } from "./evaluate.ts";
import type { EvaluateOptions } from "./options.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

const config = resolveConfig({
  flags: { method: "simclr", encoder: "vit_tiny", patch: 8, size: SIDE, batch: 8, device: "cpu" },
});
const options: EvaluateOptions = {
  protocols: ["linear", "knn", "few-shot", "retrieval", "indicators"],
  stream: { write: () => true },
  linear: { lr: 0.03, weight_decay: 0, epochs: 3 },
  shares: [1],
  pictures: false,
};
const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const at = (name: string) => join(folder.path, name);

let [data, first, second, otherSeed] = ["", "", "", ""];
beforeAll(async () => {
  data = await writeLabelled(at("images"), { train: 12, val: 6 }, "labelled");
  const method = untrainedMethod(config);
  // Two trainings of one seed: they begin alike and end otherwise.
  const scaled = async (name: string, by: number, seed = 0) => {
    scope(() => {
      for (const tensor of method.encoder.parameters()) tensor.detach().mul_(by);
    });
    return await writeCheckpoint(at(name), method, { ...config, seed });
  };
  first = await scaled("first", 0.5);
  second = await scaled("second", 1.5);
  otherSeed = await scaled("seed-1", 1.5, 1);
  method.dispose();
});

/** Without what differs from call to call. */
function plain(found: Evaluations): unknown {
  return JSON.parse(JSON.stringify(found, (key, value: unknown) => (key === "seconds" ? undefined : value)));
}

/** What is found, and the kinds of features that were probed. */
async function evaluated(path: string, baselines?: BaselineMemory, more: EvaluateOptions = {}, root = data) {
  const said: string[] = [];
  const stream = { write: (text: string) => said.push(text) };
  const found = await evaluate(path, root, { ...options, baselines, stream, ...more });
  const probed = said.join("").match(/(?<=features: )\w+/g) ?? [];
  return { found: plain(found), probed };
}

it("a second encoder of the same seed: initial encoder and pixels are known, and all is as it would be without", async () => {
  const alone = [await evaluated(first), await evaluated(second)];
  const live = memory().liveTensors;
  {
    using baselines = new BaselineMemory();
    expect(baselines.bytes).toBe(0);
    const one = await evaluated(first, baselines);
    expect(one).toEqual({ ...alone[0], probed: ["trained", "untrained", "pixels"] });
    const { bytes } = baselines;
    // 72 images of 96 features and of 768 pixels.
    expect(bytes).toBe(72 * (96 + 768) * 4);
    expect(memory().liveTensors).toBe(live + 4);
    const other = await evaluated(second, baselines);
    expect(other).toEqual({ found: alone[1]!.found, probed: ["trained"] });
    expect(baselines.bytes).toBe(bytes);
    // Another seed began with another encoder, and probes begin otherwise; pixels are encoded no more.
    expect(await evaluated(otherSeed, baselines)).toEqual(await evaluated(otherSeed));
    expect(baselines.bytes).toBe(bytes + 72 * 96 * 4);
  }
  expect(memory().liveTensors).toBe(live);
});

it("what does not fit is worked out again; of what fits, the last is kept", async () => {
  const linear: EvaluateOptions = { protocols: ["linear"] };
  const alone = await evaluated(first, undefined, linear);
  const live = memory().liveTensors;
  using none = new BaselineMemory(1000);
  for (let i = 0; i < 2; i++) expect(await evaluated(first, none, linear)).toEqual(alone);
  expect([none.bytes, memory().liveTensors]).toEqual([0, live]);
  // Room for one encoder's features, and not for pixels.
  using some = new BaselineMemory(72 * 96 * 4);
  await evaluated(first, some, linear);
  expect((await evaluated(first, some, linear)).probed).toEqual(["trained", "pixels"]);
  await evaluated(otherSeed, some, linear);
  expect((await evaluated(first, some, linear)).probed).toEqual(["trained", "untrained", "pixels"]);
});

it("other images, or one that can be read no more: all is encoded anew", async () => {
  const root = at("fewer");
  cpSync(data, root, { recursive: true });
  const two: EvaluateOptions = { protocols: ["linear", "indicators"] };
  using baselines = new BaselineMemory();
  await evaluated(first, baselines, two);
  // The same images, elsewhere.
  const moved = await evaluated(first, baselines, two, root);
  expect(moved).toEqual({ ...(await evaluated(first, undefined, two, root)), probed: ["trained"] });
  const names = readdirSync(join(root, "val"), { recursive: true, encoding: "utf8" });
  const broken = join(root, "val", names.find((name) => name.endsWith(".png"))!);
  writeFileSync(broken, Buffer.alloc(statSync(broken).size));
  const alone = await evaluated(second, undefined, two, root);
  expect(await evaluated(second, baselines, two, root)).toEqual(alone);
  // What is there now is remembered in its stead.
  expect(await evaluated(second, baselines, two, root)).toEqual({ ...alone, probed: ["trained"] });
});
