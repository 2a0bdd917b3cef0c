// What a run needs to go on exactly where it stopped: weights, optimizer, random generators, and how far it came.
import {
  getRngState,
  loadSafetensors,
  type optim,
  readSafetensorsHeader,
  saveSafetensors,
  scope,
  setRngState,
  type Tensor,
  TorchError,
} from "@unlabel/torch";
import { UserError } from "../errors.ts";
import type { Method } from "../methods/method.ts";
import type { RunDirectory } from "./run.ts";

export interface Trained {
  method: Method;
  optimizer: optim.Optimizer;
  device: string;
}

/** Saves after `step`; all of it is on the disk when this returns. */
export function saveCheckpoint(run: RunDirectory, step: number, { method, optimizer, device }: Trained): void {
  const metadata = { format: "pt", step: String(step) };
  const about = { ...metadata, method: run.info.method, config: JSON.stringify(run.info.config) };
  scope(() => {
    const state: Record<string, Tensor> = {};
    for (const [name, tensor] of Object.entries(optimizer.stateDict())) state[`optimizer.${name}`] = tensor;
    for (const generator of generators(device)) state[`rng.${generator}`] = getRngState(generator);
    run.checkpoint((weightsFile, stateFile) => {
      saveSafetensors(weightsFile, method.stateDict(), about);
      saveSafetensors(stateFile, state, metadata);
    });
  });
}

/**
 * Puts everything back as it was after the last saved step, and returns that step; 0 where none was saved.
 *
 * @throws {UserError} where the checkpoint is damaged, or does not fit run.json
 */
export function loadCheckpoint(run: RunDirectory, trained: Trained): number {
  try {
    return load(run, trained);
  } catch (error) {
    if (!(error instanceof TorchError)) throw error;
    throw new UserError(
      `Expected a checkpoint that fits run.json in ${run.path}; one of the two was damaged or edited: ${error.message}`,
      { cause: error },
    );
  }
}

function load(run: RunDirectory, { method, optimizer, device }: Trained): number {
  if (!run.recover(stepOf)) return 0;
  scope(() => {
    method.loadStateDict(loadSafetensors(run.weights).tensors);
    const { tensors } = loadSafetensors(run.state);
    optimizer.loadStateDict(below(tensors, "optimizer."));
    for (const [generator, state] of Object.entries(below(tensors, "rng."))) {
      // A run that goes on elsewhere has no generator of its old device to restore.
      if (generators(device).includes(generator)) setRngState(state, generator);
    }
  });
  return stepOf(run.state);
}

/** The step that a checkpoint file was saved after. */
export function stepOf(file: string): number {
  return Number(readSafetensorsHeader(file).metadata.step);
}

/** LibTorch's generators in use: the CPU's, which weights and masks come from on every device, and the device's own. */
function generators(device: string): string[] {
  return device === "cpu" ? ["cpu"] : ["cpu", device];
}

/** The tensors whose names start with `prefix`, named without it. */
function below(tensors: Record<string, Tensor>, prefix: string): Record<string, Tensor> {
  const found = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}
