// What a run needs to go on exactly where it stopped: weights, optimizer, random generators, and how far it came.
import {
  getRngState,
  loadSafetensors,
  type optim,
  saveSafetensors,
  scope,
  setRngState,
  type Tensor,
  TorchError,
} from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import { explained } from "../base/files.ts";
import type { Method } from "../methods/method.ts";
import { type Recovered, stepOf } from "../run/checkpoint-files.ts";
import type { RunDirectory } from "../run/directory.ts";
import { splitAverage, type WeightsAverage } from "./average.ts";
import type { OnlineProbe } from "./online.ts";

export interface Trained {
  method: Method;
  optimizer: optim.Optimizer;
  device: string;
  /** Of the encoder's weights; null or absent where the run keeps none. */
  average?: WeightsAverage | null;
  /** What learns beside the method without touching it; where a checkpoint has none of it, it begins again. */
  probe?: OnlineProbe | null;
}

/** Saves after `step`; all of it is on the disk and has been read back when this returns. */
export function saveCheckpoint(
  run: RunDirectory,
  step: number,
  { method, optimizer, average, device, probe }: Trained,
): void {
  const metadata = { format: "pt", step: String(step) };
  const about = { ...metadata, method: run.info.method, config: JSON.stringify(run.info.config) };
  scope(() => {
    const weights = { ...method.stateDict(), ...average?.stateDict() };
    const state: Record<string, Tensor> = {};
    for (const [name, tensor] of Object.entries(optimizer.stateDict())) state[`optimizer.${name}`] = tensor;
    for (const [name, tensor] of Object.entries(probe?.stateDict() ?? {})) state[`online.${name}`] = tensor;
    for (const generator of generators(device)) state[`rng.${generator}`] = getRngState(generator);
    run.checkpoint((weightsFile, stateFile) => {
      saveSafetensors(weightsFile, weights, about, { checksum: true });
      saveSafetensors(stateFile, state, metadata, { checksum: true });
    }, stepOf);
  });
}

/** What a checkpoint takes on the disk, headers left out. */
export function checkpointBytes({ method, optimizer, average }: Trained): number {
  const tensors = [method, optimizer, average].flatMap((each) => Object.values(each?.stateDict() ?? {}));
  return tensors.reduce((sum, { numel, dtype }) => sum + numel * (dtype === "int64" ? 8 : 4), 0);
}

/**
 * Puts everything back as it was after the last step of which a whole checkpoint is there.
 *
 * @returns that step, 0 where none was saved, and what was damaged on the way
 * @throws {UserError} where no checkpoint is whole, the newest one does not fit run.json, or it cannot be put in its place
 */
export function loadCheckpoint(run: RunDirectory, trained: Trained): Recovered {
  try {
    return load(run, trained);
  } catch (error) {
    if (!(error instanceof TorchError)) throw explained(run.path, error);
    throw new UserError(
      `Expected a checkpoint that fits run.json in ${run.path}; one of the two was edited: ${error.message}`,
      { cause: error },
    );
  }
}

function load(run: RunDirectory, { method, optimizer, average, device, probe }: Trained): Recovered {
  const recovered = run.recover(stepOf);
  if (recovered === null) return { step: 0, notes: [] };
  scope(() => {
    const weights = loadSafetensors(run.weights).tensors;
    const { own, average: averaged } = average ? splitAverage(weights) : { own: weights, average: {} };
    method.loadStateDict(own);
    average?.loadStateDict(averaged);
    const { tensors } = loadSafetensors(run.state);
    optimizer.loadStateDict(below(tensors, "optimizer."));
    probe?.loadStateDict(below(tensors, "online."));
    for (const [generator, state] of Object.entries(below(tensors, "rng."))) {
      // A run that goes on elsewhere has no generator of its old device to restore.
      if (generators(device).includes(generator)) setRngState(state, generator);
    }
  });
  return recovered;
}

/** LibTorch's generators in use: the CPU's, which new weights come from on every device, and the device's own; a step's draws come from neither. */
function generators(device: string): string[] {
  return device === "cpu" ? ["cpu"] : ["cpu", device];
}

/** The tensors whose names start with `prefix`, named without it. */
function below(tensors: Record<string, Tensor>, prefix: string): Record<string, Tensor> {
  const found = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}
