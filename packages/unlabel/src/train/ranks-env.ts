// A process's place among several, from the variables that launchers set.
import { UserError } from "../base/errors.ts";
import { ALONE, type Ranks } from "./ranks.ts";

/**
 * By torchrun's names: RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT. Where WORLD_SIZE is not set, one process.
 *
 * @throws {UserError} where the variables make no sense
 */
export function ranksFromEnv(env: NodeJS.ProcessEnv = process.env): Ranks {
  const worldSize = whole(env, "WORLD_SIZE", 1);
  const rank = whole(env, "RANK", 0);
  if (worldSize < 1 || rank >= worldSize) {
    throw new UserError(`Expected RANK below WORLD_SIZE, got ${rank} and ${worldSize}`);
  }
  if (worldSize === 1) return ALONE;
  const masterAddr = env.MASTER_ADDR ?? "";
  if (masterAddr === "") throw new UserError(`Expected MASTER_ADDR for ${worldSize} ranks, got nothing`);
  return {
    rank,
    worldSize,
    localRank: whole(env, "LOCAL_RANK", 0),
    localWorldSize: whole(env, "LOCAL_WORLD_SIZE", 1),
    masterAddr,
    masterPort: whole(env, "MASTER_PORT", ALONE.masterPort),
    store: rank === 0 && env.TORCHELASTIC_USE_AGENT_STORE !== "True" ? "serve" : "client",
    timeout: ALONE.timeout,
    attempt: whole(env, "TORCHELASTIC_RESTART_COUNT", 0),
  };
}

function whole(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name] ?? "";
  if (text === "") return otherwise;
  if (!/^\d+$/.test(text)) throw new UserError(`Expected a whole number for ${name}, got ${JSON.stringify(text)}`);
  return Number(text);
}
