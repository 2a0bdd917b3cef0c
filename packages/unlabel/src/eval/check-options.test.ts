import { expect, it } from "vitest";
import { embed } from "./embed.ts";
import { evaluate } from "./evaluate.ts";
import type { EvaluateOptions } from "./options.ts";
import { probe } from "./probe.ts";
import { type SearchOptions, search } from "./search.ts";

const PROTOCOLS = "Expected linear, knn, few-shot, retrieval, fine-tune, supervised or indicators for protocols, got";
const refused = (message: string) => expect.objectContaining({ name: "UsageError", message }) as Error;

it.each<[options: object, line: string]>([
  [{ protocols: ["kNN"] }, `${PROTOCOLS} "kNN" (did you mean knn?)`],
  [{ protocols: ["knn", 3] }, `${PROTOCOLS} 3`],
  [{ protocols: "knn" }, 'Expected a list of protocols, got "knn"'],
  [{ protocols: [] }, "Expected one protocol or more, got none"],
  [{ knn: { k: 0 } }, "Expected a whole number from 1 to 1000000 for k, got 0"],
  [{ knn: { temperature: Number.NaN } }, "Expected a number above 0 and at most 100 for temperature, got NaN"],
  [{ knn: { K: 3 } }, "Unknown setting K (did you mean k?)"],
  [{ shares: [0, 2] }, "Expected a number above 0 and at most 1 for shares, got [0,2]"],
  [{ shares: [] }, "Expected one share or more for shares, got []"],
  [{ shares: 0.5 }, "Expected one share or more for shares, got 0.5"],
  [{ linear: { solver: "adam" } }, 'Expected one of sgd, lbfgs for solver, got "adam"'],
  [{ linear: { lr: -1 } }, "Expected a number above 0 and at most 100 for lr, got -1"],
  [{ linear: { momentum: 1 } }, "Expected a number from 0 to below 1 for momentum, got 1"],
  [{ network: { epochs: 0.5 } }, "Expected a whole number from 1 to 100000 for epochs, got 0.5"],
  [{ network: { layer_decay: 0 } }, "Expected a number above 0 and at most 1 for layer_decay, got 0"],
  [{ seed: -1 }, "Expected a whole number from 0 to 4294967295 for seed, got -1"],
  [{ splitSeed: 0.5 }, "Expected a whole number from 0 to 4294967295 for split_seed, got 0.5"],
  [{ size: 0 }, "Expected a whole number from 16 to 1024 for size, got 0"],
  [{ threads: 0 }, "Expected auto or a whole number from 1 to 1024 for threads, got 0"],
  [{ device: "gpu" }, 'Expected auto, cpu, cuda, cuda:N or mps for device, got "gpu"'],
  [
    { linear: { lr: null, weight_decay: null }, knn: { k: -1 } },
    "Expected a whole number from 1 to 1000000 for k, got -1",
  ],
])("evaluation refuses %j before it looks for the run", async (options, line) => {
  await expect(evaluate("no-run", "no-data", options as EvaluateOptions)).rejects.toEqual(refused(line));
});

it.each<[options: object, line: string]>([
  [{ k: -1 }, "Expected a whole number from 1 to 1000000 for k, got -1"],
  [{ k: 1.5 }, "Expected a whole number from 1 to 1000000 for k, got 1.5"],
  [{ thumbnails: 0 }, "Expected a whole number from 1 to 1024 for thumbnails, got 0"],
  [{ size: 8 }, "Expected a whole number from 16 to 1024 for size, got 8"],
])("search refuses %j before it looks for the run", async (options, line) => {
  await expect(search("no-run", "no.png", "no-data", options as SearchOptions)).rejects.toEqual(refused(line));
});

it("holds the other doors to the same ranges", async () => {
  const size = "Expected a whole number from 16 to 1024 for size, got 8";
  await expect(embed("no-run", "no-data", "features.npy", { size: 8 })).rejects.toEqual(refused(size));
  const epochs = "Expected a whole number from 1 to 100000 for epochs, got 0";
  await expect(probe("no-run", "no-data", { settings: { epochs: 0 } })).rejects.toEqual(refused(epochs));
});
