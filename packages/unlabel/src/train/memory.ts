// Out of memory, as one line that says how much was asked for and which setting to lower. The kernel's own way of ending a
// process that takes too much (SIGKILL) cannot be caught here.

import { UserError } from "../base/errors.ts";
import { bytesInWords } from "../base/text.ts";
import type { Config } from "../config/common.ts";

const UNITS: Record<string, number> = { bytes: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** An error that tells of a failed allocation (LibTorch's on any device, C++'s, Node's) in words that help; any other as it is. */
export function explainMemory(error: unknown, { batch, size, micro_batch }: Config): unknown {
  const message = error instanceof Error ? error.message : "";
  if (!/out of memory|can't allocate memory|array buffer allocation failed|invalid typed array length/i.test(message)) {
    return error;
  }
  const [, amount, unit] = /(?:tried to allocate|typed array length:) ([\d.]+) ?(bytes|[KMGT]iB)?/i.exec(message) ?? [];
  const asked =
    amount === undefined ? "more memory" : `${bytesInWords(Number(amount) * (UNITS[unit ?? "bytes"] ?? 1))} more`;
  const now = micro_batch === null ? "" : ` or micro_batch (now ${micro_batch})`;
  const parts = micro_batch === null ? " or set micro_batch (same gradients, a part of the batch at a time)" : "";
  return new UserError(
    `Expected room for ${asked} in memory, got none; lower --batch (now ${batch})${now} or --size (now ${size})${parts}`,
    { cause: error },
  );
}
