// Safetensors as the engine's own reader has them: their header is read, their tensors when asked for.
import { readSafetensorsHeader } from "@unlabel/torch/safetensors";
import { UserError } from "../../../base/errors.ts";
import type { FileBytes } from "./file-bytes.ts";
import { owned } from "./pickle/tensors.ts";
import type { Entry } from "./weights-file.ts";

/** @throws {UserError} saying what is wrong with the file */
export function readSafetensors(file: FileBytes): { entries: Entry[]; metadata: Record<string, string> } {
  let header: ReturnType<typeof readSafetensorsHeader>;
  try {
    header = readSafetensorsHeader(file.path);
  } catch (error) {
    throw error instanceof Error && error.name === "TorchError"
      ? new UserError(error.message, { cause: error })
      : error;
  }
  const tensors = Object.entries(header.tensors);
  // The tensors fill the file from the header's end to its own.
  const start = file.size - tensors.reduce((most, [, { end }]) => Math.max(most, end), 0);
  const entries = tensors.map(([name, { dtype, shape, begin, end }]) => ({
    name,
    dtype,
    shape,
    bytes: () => owned(file.read(start + begin, end - begin)),
  }));
  return { entries, metadata: header.metadata };
}
