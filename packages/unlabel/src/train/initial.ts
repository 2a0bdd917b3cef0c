// The encoder that a run was given to begin with, kept in its folder: the baseline of its evaluations outlives the source.
import { existsSync } from "node:fs";
import { loadSafetensors, saveSafetensors, scope, TorchError } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import type { Encoder } from "../encoders/index.ts";
import type { RunDirectory } from "../run/directory.ts";

/** Writes an encoder's weights and statistics, by its own names. */
export function saveInitial(file: string, encoder: Encoder): void {
  scope(() => saveSafetensors(file, encoder.stateDict(), { format: "pt" }, { checksum: true }));
}

/**
 * Gives an encoder the weights that a run was given to begin with.
 *
 * @throws {UserError} where they are gone, damaged, or do not fit run.json
 */
export function loadInitial({ path, initial }: Pick<RunDirectory, "path" | "initial">, encoder: Encoder): void {
  if (!existsSync(initial)) {
    throw new UserError(
      `Expected the encoder that ${path} began with in ${initial}, got nothing; bring it back from a copy of the run`,
    );
  }
  scope(() => {
    try {
      encoder.loadStateDict(loadSafetensors(initial).tensors);
    } catch (error) {
      if (!(error instanceof TorchError)) throw error;
      throw new UserError(`Expected the encoder that ${path} began with in ${initial}: ${error.message}`, {
        cause: error,
      });
    }
  });
}
