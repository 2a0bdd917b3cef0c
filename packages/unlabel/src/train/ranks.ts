// Which process of how many this is, from the variables that torchrun, Slurm wrappers and Kubernetes' PyTorchJob set.
import { UserError } from "../base/errors.ts";

export interface Ranks {
  rank: number;
  world: number;
}

/**
 * @throws {UserError} where the variables make no sense, or ask for more processes than one, which training cannot do yet
 */
export function ranksFromEnv(env: NodeJS.ProcessEnv = process.env): Ranks {
  const world = whole(env, "WORLD_SIZE", 1);
  const rank = whole(env, "RANK", 0);
  if (world < 1 || rank >= world) throw new UserError(`Expected RANK below WORLD_SIZE, got ${rank} and ${world}`);
  if (world > 1) throw new UserError(`Expected WORLD_SIZE 1, got ${world}; training runs in one process so far`);
  return { rank, world };
}

/** Place of this rank's first image in the global batch, where each rank has `batch` images. */
export function firstPlace({ rank }: Ranks, batch: number): number {
  return rank * batch;
}

function whole(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name] ?? "";
  if (text === "") return otherwise;
  if (!/^\d+$/.test(text)) throw new UserError(`Expected a whole number for ${name}, got ${JSON.stringify(text)}`);
  return Number(text);
}
