// How processes become a group: they meet at a store, say who they are, and connect to each other. By torch.distributed's names and
// environment variables.
import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, guarded, messageOf, TorchError } from "./errors.ts";
import { native } from "./native.ts";
import { ncclLibrary } from "./nccl.ts";
import { RankError, ranksInWords } from "./rank-error.ts";
import { ANSWER, joined, leaveWord, membership, pause, refuseFailed, setMembership } from "./rank-store.ts";

/** Options of {@link initProcessGroup}; what is left out is read from the environment, as `env://` says. */
export interface ProcessGroupOptions {
  /** `gloo` (default) serves all tensors, those of GPUs through the host's memory; `nccl` sends between GPUs. */
  backend?: "gloo" | "nccl";
  /** Where the rest is read from; there is no other. */
  initMethod?: "env://";
  /** This process's number, from 0; by default `RANK`. */
  rank?: number;
  /** How many processes there are; by default `WORLD_SIZE`. */
  worldSize?: number;
  /** Name or address of rank 0's machine; by default `MASTER_ADDR`. */
  masterAddr?: string;
  /** Port there; by default `MASTER_PORT`. */
  masterPort?: number;
  /** Who serves the store: by default rank 0, unless `TORCHELASTIC_USE_AGENT_STORE` says that the launcher does. */
  store?: "serve" | "client";
  /** Whether all ranks are on this machine, by default whether `LOCAL_WORLD_SIZE` is `WORLD_SIZE`: then the store listens on its address alone. */
  oneMachine?: boolean;
  /** Seconds that ranks wait for each other, in a rendezvous and in a collective; default 300. */
  timeout?: number;
  /** Tells this group's keys in the store from another's; by default by `TORCHELASTIC_RESTART_COUNT`. */
  name?: string;
  /** Of `nccl`: this rank's GPU, by default that of `LOCAL_RANK`. */
  device?: string;
}

type Settled = Required<ProcessGroupOptions>;

/** How many groups this process has been in: as many as the others have. */
let groups = 0;

/**
 * Makes this process one of a group. All must call it; it returns once they are connected.
 *
 * @throws {TorchError} for options or variables that make no sense, a port that is taken, a group that is there already
 * @throws {RankError} naming the ranks that have not come in time
 */
export async function initProcessGroup(options: ProcessGroupOptions = {}): Promise<void> {
  const settled = settle(options);
  const { rank, worldSize: size, timeout, backend } = settled;
  if (membership())
    throw new TorchError("Expected no process group yet, got a second one; call destroyProcessGroup first", OP);
  const library = backend === "nccl" ? ncclLibrary() : "";
  const deadline = performance.now() + 1000 * timeout;
  const serves = settled.store === "serve";
  const listening = serves ? await listen(settled) : -1;
  const local = await enter(settled, listening, deadline);
  try {
    const device = Number(settled.device.split(":")[1] ?? 0);
    // An exchange gives up a little before, so that within the timeout it is said who was lost.
    const exchange = 1000 * Math.max(timeout - NAMING, 0.6 * timeout);
    const network = process.env.GLOO_SOCKET_IFNAME ?? "";
    guarded(OP, () => native.initGroup(backend, library, local, network, rank, size, exchange, device));
    groups++;
  } catch (error) {
    destroyProcessGroup(messageOf(error));
    throw error;
  }
}

/**
 * Meets the others at the store, and returns the address that they can reach this process by. A store that goes away meanwhile was that of
 * a group before, which its rank 0 is just leaving: this one's is waited for.
 */
async function enter(settled: Settled, listening: number, deadline: number): Promise<string> {
  const { rank, worldSize: size, timeout, backend, masterPort: port, name } = settled;
  const serves = listening >= 0;
  const servedByFirst = process.env.TORCHELASTIC_USE_AGENT_STORE !== "True" && (serves || rank !== 0);
  for (;;) {
    const { local, remote } = await reach(settled, serves ? 2000 : deadline - performance.now());
    try {
      guarded(OP, () => native.openStore(remote, port, listening, name, rank, 1000 * timeout));
      setMembership({ rank, size, timeout, serves, servedByFirst, backend, broken: null });
      await meet(settled, deadline);
      return local;
    } catch (error) {
      // What other ranks are to blame for has no other cause.
      const told = error instanceof RankError && error.cause === undefined;
      if (serves || told || performance.now() > deadline) {
        if (membership()) destroyProcessGroup(messageOf(error));
        throw error;
      }
      native.closeStore();
      setMembership(null);
      await sleep(100);
    }
  }
}

const OP = "initProcessGroup";
/** Seconds that finding out who was lost may take. */
const NAMING = 4;

/** Says that this rank is here, and waits until all are. */
async function meet(
  { rank, worldSize: size, timeout, masterAddr, masterPort }: Settled,
  deadline: number,
): Promise<void> {
  const ask = (key: string) => guarded(OP, () => native.storeGet(key, 0));
  if (guarded(OP, () => native.storeAdd(`came/${rank}`, 1)) > 1) {
    throw new RankError(`Expected one process a rank, rank ${rank} came twice to ${masterAddr}:${masterPort}`, [rank]);
  }
  guarded(OP, () => native.storeSet(`here/${rank}`, JSON.stringify({ size, host: hostname() })));
  for (let missing = Array.from({ length: size }, (_, i) => i); ; ) {
    missing = missing.filter((other) => {
      const word = ask(`here/${other}`);
      if (word === null) return true;
      const { size: theirs } = JSON.parse(word) as { size: number };
      if (theirs !== size) {
        const [first, second] = other < rank ? [other, rank] : [rank, other];
        const [a, b] = other < rank ? [theirs, size] : [size, theirs];
        throw new RankError(
          `Expected the same WORLD_SIZE on all ranks, got ${a} on rank ${first} and ${b} on rank ${second}`,
          [other],
        );
      }
      return false;
    });
    if (missing.length === 0) return;
    refuseFailed();
    if (performance.now() > deadline) {
      throw new RankError(
        `Expected ${size} ranks at ${masterAddr}:${masterPort} within ${timeout} s, ${ranksInWords(missing)} did not come`,
        missing,
      );
    }
    await sleep(20);
  }
}

/** Takes the store's port, on the master's own address where that is one of this machine's. */
async function listen({ masterAddr, masterPort, oneMachine }: Settled): Promise<number> {
  const [address = masterAddr] = await addresses(masterAddr);
  const loopback = address.startsWith("127.") || address === "::1";
  // Others could not reach it there.
  const everywhere = loopback && !oneMachine;
  const at = (where: string) => native.listenAt(where, masterPort);
  try {
    return at(everywhere ? "" : address);
  } catch (error) {
    const said = messageOf(error);
    // Behind an address that is translated on the way, as of a service in Kubernetes.
    if (said.startsWith("elsewhere") && !oneMachine) {
      try {
        return at("");
      } catch (again) {
        throw refusedPort(messageOf(again), masterAddr, masterPort);
      }
    }
    throw refusedPort(said, masterAddr, masterPort);
  }
}

function refusedPort(said: string, host: string, port: number): TorchError {
  if (said.startsWith("taken")) {
    return new TorchError(
      `Expected port ${port} of ${host} to be free for the ranks to meet at, it is taken; set another MASTER_PORT, the same for all ranks`,
      OP,
    );
  }
  const why = said.startsWith("elsewhere") ? "it is no address of this machine, where rank 0 runs" : said;
  return new TorchError(`Expected to listen at ${host}:${port} for the other ranks, but ${why}`, OP);
}

/** The addresses of a name, those of version 4 first. */
async function addresses(name: string): Promise<string[]> {
  if (isIP(name)) return [name];
  try {
    const found = await lookup(name, { all: true });
    return found.sort((a, b) => a.family - b.family).map(({ address }) => address);
  } catch (error) {
    throw new TorchError(
      `Expected MASTER_ADDR to be a name or an address that is known, got ${name} (${messageOf(error)})`,
      OP,
    );
  }
}

/** Finds the store, and by which address of its own this process gets there: the one that others can reach it by. */
async function reach(
  { masterAddr, masterPort, timeout }: Settled,
  milliseconds: number,
): Promise<{ local: string; remote: string }> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    for (const address of await addresses(masterAddr)) {
      const found = await tried(address, masterPort, Math.min(5000, milliseconds));
      if (found) return found;
    }
    if (performance.now() > deadline) break;
    await sleep(100);
  }
  throw new RankError(`Expected rank 0 at ${masterAddr}:${masterPort} within ${timeout} s, nobody listens there`, [0]);
}

function tried(host: string, port: number, timeout: number): Promise<{ local: string; remote: string } | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout });
    const end = (found: { local: string; remote: string } | null) => {
      socket.destroy();
      resolve(found);
    };
    socket.once("connect", () => end({ local: socket.localAddress ?? host, remote: socket.remoteAddress ?? host }));
    socket.once("error", () => end(null));
    socket.once("timeout", () => end(null));
  });
}

/**
 * Leaves the group. The process that serves the store waits a few seconds until the others have left, too.
 *
 * @param reason why this rank failed, which the others are then told; left out where all is done
 */
export function destroyProcessGroup(reason?: string): void {
  const here = membership();
  if (!here) return;
  const { rank, size, serves } = here;
  try {
    if (reason !== undefined && here.broken === null) leaveWord([rank], `rank ${rank} failed: ${reason}`);
    native.storeSet(`left/${rank}`, "", ANSWER);
    native.closeGroup(reason !== undefined || here.broken !== null);
    const deadline = performance.now() + (reason === undefined && here.broken === null ? 10_000 : 5000);
    let staying = serves ? Array.from({ length: size }, (_, i) => i).filter((other) => other !== rank) : [];
    while (staying.length > 0 && performance.now() < deadline) {
      staying = staying.filter(
        (other) =>
          native.storeGet(`here/${other}`, 0, ANSWER) !== null && native.storeGet(`left/${other}`, 0, ANSWER) === null,
      );
      if (staying.length > 0) pause(20);
    }
    // A heart that is asked to stop may still be beating once, of whose failure LibTorch would write to stderr.
    if (serves && size > 1) pause(250);
  } catch {
    // Whoever served the store is gone already.
    native.closeGroup(true);
  } finally {
    native.closeStore();
    setMembership(null);
  }
}

/** Whether this process is one of a group. */
export function isInitialized(): boolean {
  return membership() !== null;
}

/** This process's number in the group, from 0; 0 where there is none. */
export function getRank(): number {
  return membership()?.rank ?? 0;
}

/** How many processes the group has; 1 where there is none. */
export function getWorldSize(): number {
  return membership()?.size ?? 1;
}

/** What tensors travel by. @throws {TorchError} where there is no group */
export function getBackend(): "gloo" | "nccl" {
  return joined("getBackend").backend;
}

function settle(options: ProcessGroupOptions): Settled {
  const { env } = process;
  const { initMethod = "env://", backend = "gloo", timeout = 300 } = options;
  if (initMethod !== "env://") throw new TorchError(`Expected env:// for initMethod, got ${describe(initMethod)}`, OP);
  if (backend !== "gloo" && backend !== "nccl") {
    throw new TorchError(`Expected gloo or nccl for backend, got ${describe(backend)}`, OP);
  }
  if (!(timeout > 0 && timeout <= 1e6)) {
    throw new TorchError(`Expected a number of seconds above 0 for timeout, got ${describe(timeout)}`, OP);
  }
  const worldSize = whole(options.worldSize ?? env.WORLD_SIZE, "WORLD_SIZE", 1, 1_000_000);
  const rank = whole(options.rank ?? env.RANK, "RANK", 0, worldSize - 1);
  const masterPort = whole(options.masterPort ?? env.MASTER_PORT, "MASTER_PORT", 1, 65_535);
  const masterAddr = options.masterAddr ?? env.MASTER_ADDR ?? "";
  if (typeof masterAddr !== "string" || masterAddr.trim() === "") {
    throw new TorchError("Expected MASTER_ADDR, the name or address of rank 0's machine, got nothing", OP);
  }
  const byLauncher = env.TORCHELASTIC_USE_AGENT_STORE === "True";
  return {
    backend,
    initMethod,
    timeout,
    worldSize,
    rank,
    masterPort,
    masterAddr: masterAddr.trim(),
    store: options.store ?? (rank === 0 && !byLauncher ? "serve" : "client"),
    oneMachine: options.oneMachine ?? Number(env.LOCAL_WORLD_SIZE) === worldSize,
    // A launcher's store outlives a group: a second one must not find the first one's keys.
    name: `${options.name ?? `unlabel/${env.TORCHELASTIC_RESTART_COUNT ?? 0}`}/${groups}/`,
    device: options.device ?? `cuda:${env.LOCAL_RANK ?? 0}`,
  };
}

function whole(value: unknown, name: string, least: number, most: number): number {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (Number.isInteger(number) && (number as number) >= least && (number as number) <= most) return number as number;
  throw new TorchError(
    `Expected a whole number from ${least} to ${most} for ${name}, got ${describe(value ?? "nothing")}`,
    OP,
  );
}
