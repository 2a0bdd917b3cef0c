// Which process of how many this is, and where they meet: read here alone, from the variables that launchers set. torchrun's,
// `unlabel launch`'s and PyTorchJob's are PyTorch's env:// names; Slurm's srun has its own.
import { parseDuration } from "../base/duration.ts";
import { UsageError, UserError } from "../base/errors.ts";
import { expandNodes } from "../base/nodelist.ts";
import type { Ranks } from "./ranks.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Seconds that ranks wait for each other unless somebody says otherwise. */
export const TIMEOUT = 300;

/** PyTorch's own default. */
const PORT = 29_500;

/**
 * The place of this process among those that a launcher has started; one of one where none has.
 *
 * @throws {UserError} where the variables contradict each other, or want torchrun in between
 */
export function ranksFromEnv(env: Readonly<Record<string, string | undefined>> = process.env): Ranks {
  const timeout = timeoutFrom(env);
  if (given(env, "RANK") || given(env, "WORLD_SIZE")) return fromTorch(env, timeout);
  if (given(env, "PET_NNODES") || given(env, "PET_NPROC_PER_NODE")) throw wantsTorchrun(env);
  // Within sbatch's own script SLURM_PROCID is set too, but only srun's steps have as many processes as tasks.
  if (given(env, "SLURM_STEP_ID") && given(env, "SLURM_PROCID")) return fromSlurm(env, timeout);
  const alone = { rank: 0, worldSize: 1, localRank: 0, localWorldSize: 1, masterAddr: "127.0.0.1", masterPort: PORT };
  return { ...alone, store: "serve", timeout, attempt: 0 };
}

/** RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT; LOCAL_RANK and LOCAL_WORLD_SIZE where the launcher starts several on a machine. */
function fromTorch(env: Env, timeout: number): Ranks {
  const [rank, worldSize] = [whole(env, "RANK", 0), whole(env, "WORLD_SIZE", 1)];
  if (worldSize < 1 || rank >= worldSize)
    throw new UserError(`Expected RANK below WORLD_SIZE, got ${rank} and ${worldSize}`);
  if (worldSize > 1) {
    for (const name of ["RANK", "MASTER_ADDR"]) if (!given(env, name)) throw lacks(name, worldSize);
  }
  // PyTorchJob's nprocPerNode counts the processes that torchrun is to start in each pod.
  if (!given(env, "LOCAL_RANK") && /^\d+$/.test(env.PET_NPROC_PER_NODE ?? "") && Number(env.PET_NPROC_PER_NODE) > 1)
    throw wantsTorchrun(env);
  const masterAddr = env.MASTER_ADDR || "127.0.0.1";
  const localWorldSize = whole(env, "LOCAL_WORLD_SIZE", onOneMachine(env, masterAddr) ? worldSize : 1);
  const localRank = whole(env, "LOCAL_RANK", localWorldSize === worldSize ? rank : 0);
  if (localRank >= localWorldSize || localWorldSize > worldSize)
    throw new UserError(
      `Expected LOCAL_RANK below LOCAL_WORLD_SIZE and that at most WORLD_SIZE, got ${localRank}, ${localWorldSize} and ${worldSize}`,
    );
  // torchrun's agent serves the store where it says so: then rank 0 is a client like all others.
  const store = rank === 0 && env.TORCHELASTIC_USE_AGENT_STORE !== "True" ? "serve" : "client";
  const attempt = whole(env, "TORCHELASTIC_RESTART_COUNT", 0);
  return { rank, worldSize, localRank, localWorldSize, masterAddr, masterPort: port(env), store, timeout, attempt };
}

/** By hand on one machine nobody sets LOCAL_WORLD_SIZE; in a pod the name of this very machine means no more than rank 0's own. */
function onOneMachine(env: Env, address: string): boolean {
  return !given(env, "LOCAL_RANK") && !given(env, "KUBERNETES_SERVICE_HOST") && isLoopback(address);
}

/** Whether an address means the machine that it is used on. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
}

/** srun: a process a task. They meet on the first machine of the step's list, at a port that follows from job and step. */
function fromSlurm(env: Env, timeout: number): Ranks {
  const worldSize = whole(env, given(env, "SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS", 1);
  const [rank, localRank] = [whole(env, "SLURM_PROCID", 0), whole(env, "SLURM_LOCALID", 0)];
  if (worldSize < 1 || rank >= worldSize)
    throw new UserError(`Expected SLURM_PROCID below the number of tasks, got ${rank} and ${worldSize}`);
  const list = env.SLURM_STEP_NODELIST || env.SLURM_JOB_NODELIST || env.SLURM_NODELIST || "";
  if (worldSize > 1 && list === "") throw lacks("SLURM_STEP_NODELIST", worldSize);
  const nodes = list === "" ? ["127.0.0.1"] : expandNodes(list);
  const masterAddr = env.MASTER_ADDR || (nodes.length === 1 ? "127.0.0.1" : nodes[0]!);
  const tasks = tasksOf(env.SLURM_STEP_TASKS_PER_NODE || env.SLURM_TASKS_PER_NODE || "", whole(env, "SLURM_NODEID", 0));
  const localWorldSize = tasks ?? (nodes.length === 1 ? worldSize : localRank + 1);
  const [job, step] = [digits(env.SLURM_JOB_ID), digits(env.SLURM_STEP_ID)];
  const masterPort = given(env, "MASTER_PORT") ? port(env) : 15_000 + ((job * 31 + step) % 15_000);
  const attempt = whole(env, "SLURM_RESTART_COUNT", 0);
  const place = { rank, worldSize, localRank, localWorldSize, masterAddr, masterPort };
  return { ...place, store: rank === 0 ? "serve" : "client", timeout, attempt };
}

/** Of `2(x3),1` the tasks of one node; null where the list does not say. */
function tasksOf(list: string, node: number): number | null {
  let before = 0;
  for (const [, tasks, times = "1"] of list.matchAll(/(\d+)(?:\(x(\d+)\))?/g)) {
    before += Number(times);
    if (node < before) return Number(tasks);
  }
  return null;
}

/** @throws {UsageError} where UNLABEL_TIMEOUT, which `--timeout` sets, is no time */
function timeoutFrom(env: Env): number {
  return env.UNLABEL_TIMEOUT ? parseTimeout("UNLABEL_TIMEOUT", env.UNLABEL_TIMEOUT) : TIMEOUT;
}

/** Seconds of a text. @throws {UsageError} where it is no time of 5 s to a day */
export function parseTimeout(name: string, text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== null && seconds >= 5 && seconds <= 86_400) return seconds;
  throw new UsageError(`Expected a time from 5s to 24h for ${name}, such as 90s or 10m, got ${text}`);
}

/**
 * Threads for one of several ranks where nobody has said how many: what Slurm gave the task, else an equal share of the machine's cores.
 *
 * @param cores that this process may use
 */
export function threadsOfRank(cores: number, localWorldSize: number, env: Env = process.env): number {
  const asked = Number.parseInt(env.OMP_NUM_THREADS ?? "", 10);
  // torchrun sets 1 by itself, whatever the machine has.
  if (asked >= 1 && !(asked === 1 && given(env, "TORCHELASTIC_RUN_ID") && localWorldSize > 1)) return asked;
  if (given(env, "SLURM_STEP_ID")) {
    const granted = Number.parseInt(env.SLURM_CPUS_PER_TASK ?? "", 10);
    if (granted >= 1) return Math.min(granted, cores);
    // Bound tasks see their own cores alone.
    if (/mask|map|cores|threads|sockets|ldoms|rank/.test(env.SLURM_CPU_BIND_TYPE ?? "")) return cores;
  }
  return Math.max(1, Math.floor(cores / localWorldSize));
}

function port(env: Env): number {
  const found = whole(env, "MASTER_PORT", PORT);
  if (found >= 1 && found <= 65_535) return found;
  throw new UserError(`Expected a port from 1 to 65535 for MASTER_PORT, got ${found}`);
}

function given(env: Env, name: string): boolean {
  return (env[name] ?? "") !== "";
}

function whole(env: Env, name: string, otherwise: number): number {
  const text = env[name] ?? "";
  if (text === "") return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new UserError(`Expected a whole number for ${name}, got ${JSON.stringify(text)}`);
  return Number(text);
}

/** Whatever a job calls itself, all of its ranks get the same number. */
function digits(text = "0"): number {
  return Number(text.replace(/\D/g, "").slice(-7));
}

function lacks(name: string, worldSize: number): UserError {
  return new UserError(
    `Expected ${name} beside ${worldSize} processes, got none; start them by unlabel launch, torchrun, srun or a PyTorchJob, or unset WORLD_SIZE`,
  );
}

function wantsTorchrun(env: Env): UserError {
  const name = given(env, "PET_NPROC_PER_NODE") ? "PET_NPROC_PER_NODE" : "PET_NNODES";
  return new UserError(
    `Expected torchrun before unlabel, which reads ${name}=${env[name]}, got unlabel alone; give the pod the command: torchrun --no-python unlabel …`,
  );
}
