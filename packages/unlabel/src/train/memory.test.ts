import { zeros } from "@unlabel/torch";
import { expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { resolveConfig } from "../methods/registry.ts";

import { explainMemory } from "./memory.ts";

const config = resolveConfig({ flags: { method: "simclr", batch: 64, size: 96 } });

/** What a failing action throws. */
function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("Expected a failure");
}

const cuda = new Error("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB");

it.each([
  ["LibTorch on a CPU", thrown(() => zeros([2 ** 20, 2 ** 20, 100])), "439805 GB more"],
  ["LibTorch on a GPU", cuda, "2.1 GB more"],
  ["Node", thrown(() => new Uint8Array(2 ** 53)), "9007199 GB more"],
  ["C++", new Error("out of memory"), "more memory"],
])("%s out of memory: says how much was asked for and what to lower", (_, error, amount) => {
  const explained = explainMemory(error, config);
  expect(explained).toBeInstanceOf(UserError);
  expect(String(explained)).toContain(
    `Expected room for ${amount} in memory, got none; lower --batch (now 64) or --size (now 96) or set micro_batch`,
  );
});

it("names micro_batch where it is set, and leaves other errors alone", () => {
  expect(String(explainMemory(cuda, { ...config, micro_batch: 8 }))).toContain(
    "lower --batch (now 64) or micro_batch (now 8) or --size (now 96)",
  );
  const other = new Error("shape mismatch");
  expect(explainMemory(other, config)).toBe(other);
});
