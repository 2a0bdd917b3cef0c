// What the numbers were measured on: without it they say nothing.
import { execFileSync } from "node:child_process";
import { totalmem } from "node:os";
import { commitOf } from "../packages/unlabel/src/base/commit.ts";
import { cpuFlags, cpuModel } from "../packages/unlabel/src/train/machine.ts";
import type { BuiltCommit } from "../scripts/commit.ts";
import { shortHash } from "./against.ts";
import { runUnlabel } from "./child.ts";
import type { Peers } from "./peers.ts";

/** Instruction sets that decide how fast the arithmetic is. */
const FLAGS = ["avx2", "avx512f", "avx512_bf16", "amx_bf16"];

export interface Machine {
  cpu: string;
  cores: number;
  flags: string[];
  memory_gb: number;
  /** The GPU that is computed on; null where there is none. */
  gpu: string | null;
  system: string;
  node: string;
  libtorch: string;
  unlabel: string;
  commit: string | null;
  peers: Peers["versions"] | null;
  /** The other commit that was measured beside this one. */
  before?: { commit: string; unlabel: string; libtorch: string };
}

/** What is computed on, and the number of GPUs that answer to the engine. */
export async function describeMachine(
  threads: number,
  peers: Peers | null,
  before: BuiltCommit | null,
): Promise<Machine & { gpus: number }> {
  const { gpus, ...versions } = await doctor(threads);
  const then = before ? await doctor(threads, before.root) : null;
  const flags = cpuFlags();
  return {
    gpus,
    gpu: gpus > 0 ? gpuName() : null,
    cpu: cpuModel(),
    cores: threads,
    flags: FLAGS.filter((flag) => flags.has(flag)),
    memory_gb: Math.round(totalmem() / 1e9),
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    ...versions,
    // bench/gpu.sh brings no repository along, but says which commit it packed.
    commit: (commitOf(import.meta.dirname) ?? process.env.BENCH_COMMIT)?.slice(0, 10) ?? null,
    peers: peers?.versions ?? null,
    ...(before && then
      ? { before: { commit: shortHash(before), unlabel: then.unlabel, libtorch: then.libtorch } }
      : {}),
  };
}

/** What a tree of ours says of itself and its engine. */
async function doctor(threads: number, root?: string): Promise<{ unlabel: string; libtorch: string; gpus: number }> {
  const { json } = await runUnlabel(["doctor"], threads, { root });
  const engine: unknown = json.engine;
  const libtorch = typeof engine === "object" && engine && "version" in engine ? String(engine.version) : "unknown";
  const gpus = typeof engine === "object" && engine && "cuda_devices" in engine ? Number(engine.cuda_devices) : 0;
  return { unlabel: String(json.unlabel), libtorch, gpus };
}

function gpuName(): string {
  try {
    const args = ["--query-gpu=name", "--format=csv,noheader"];
    return execFileSync("nvidia-smi", args, { encoding: "utf8" }).split("\n")[0] ?? "GPU";
  } catch {
    return "GPU";
  }
}

/** The machine in two or three lines of at most 100 columns. */
export function machineLines({
  cpu,
  gpu,
  cores,
  flags,
  memory_gb,
  system,
  peers,
  before,
  ...versions
}: Machine): string[] {
  const { node, libtorch, unlabel, commit } = versions;
  const known = Object.entries(peers ?? {}).filter(([, version]) => version !== null);
  return [
    ...(gpu ? [gpu] : []),
    `${cpu} (${flags.join(", ") || system}), ${cores} ${cores === 1 ? "core" : "cores"}, ${memory_gb} GB, ${system}`,
    `unlabel ${unlabel}${commit ? ` at ${commit}` : ""}, LibTorch ${libtorch}, Node ${node}`,
    ...(known.length > 0 ? [`peer: ${known.map(([name, version]) => `${name} ${version}`).join(", ")}`] : []),
    ...(before ? [`before: unlabel ${before.unlabel} at ${before.commit}, LibTorch ${before.libtorch}`] : []),
  ];
}
