// Types of the set-up module, for TypeScript that imports `@unlabel/torch/setup`.
export class SetupError extends Error {}

/** A LibTorch: a folder with `lib/` and `include/`, its version, and why it was chosen. */
export interface Libtorch {
  path: string;
  version: string;
  why: string;
}

/** A compiled native part: the `.node` file to load and the LibTorch that it is linked to, if any. */
export interface Native {
  addon: string;
  libtorch: Libtorch | null;
}

/** The oldest LibTorch supported, and the one that is installed where none is found. */
export const OLDEST: string;
export const PINNED: string;
/** What to type to set up: `npm run setup` in a clone, `npx unlabel setup` beside an installed package. */
export const SETUP_COMMAND: string;

export function cacheDir(env?: NodeJS.ProcessEnv, platform?: NodeJS.Platform): string;
/**
 * Fills a folder under a temporary name beside it and renames it when complete: two at once, or one that is interrupted, leave
 * a whole folder or none.
 */
export function fillFolder(target: string, fill: (folder: string) => Promise<void>): Promise<void>;
/** Where set-up puts a LibTorch of its own. */
export function cachedLibtorch(version: string, kind: "cpu" | "cuda", env?: NodeJS.ProcessEnv): string;
export function atLeast(version: string, least: string): boolean;
/** The oldest Node that is supported. */
export const OLDEST_NODE: string;
/** What keeps this from running on a machine, by default this one: one line, or null where nothing does. */
export function unsupported(machine?: { node?: string; platform?: string }): string | null;
export function libtorchVersion(path: string): string | null;
export function inspect(path: string): { version: string } | { problem: string };
export function hasGpu(): boolean;
export function findLibtorch(options?: { env?: NodeJS.ProcessEnv; gpu?: boolean; looked?: string[] }): Libtorch | null;
export function buildNative(
  name: string,
  options?: { folder?: string; libtorch?: Libtorch | null; onProgress?: (fraction: number) => void },
): Promise<Native & { built: boolean }>;
/** Finds a compiled native part in milliseconds. @throws {SetupError} where it is missing. */
export function locateNative(name: string, folder?: string): Native;
export function nativePath(name: string, folder?: string): string;
/** The path of NCCL's process group; null where set-up could not build it. */
export function locateNccl(): string | null;
/** The sources of NCCL's process group. */
export const NCCL_SOURCES: string;
/** NVIDIA's wheels whose headers are missing beside a LibTorch to build it; null where that is no CUDA build. */
export function missingForNccl(libtorch: Libtorch): string[] | null;
export function locateEngine(): { addon: string; libtorch: Libtorch };

/** What a step did: `did` tells whether there was work to do, `text` what is now in place. */
export interface Outcome {
  did: boolean;
  text: string;
}
export type Progress = (fraction: number, note?: string) => void;
export type Step = <T extends Outcome>(title: string, run: (progress: Progress) => Promise<T> | T) => Promise<T>;

/** A native part: its CMake target and the folder of its sources. */
export interface Part {
  name: string;
  folder: string;
}

/** Downloads LibTorch into the cache; the pinned version with hashes unless `version` and `requirements` say otherwise. */
export function installLibtorch(options?: {
  gpu?: boolean;
  version?: string;
  requirements?: string[];
  onBytes?: (done: number, total: number) => void;
}): Promise<Libtorch>;
/** Installs the system packages that are missing, where apt is at hand. */
export function systemPackages(
  names: ("compiler" | "cmake" | "make" | "jpeg" | "pip" | "chromium")[],
): Promise<Outcome>;
/** Makes this machine ready: system packages, LibTorch, native parts. @throws {SetupError} */
export function setup(options?: { quiet?: boolean; parts?: Part[]; onStep?: Step }): Promise<{ libtorch: Libtorch }>;
/** Prints one line a step with its time; `quiet` prints only those that did work. */
export function reporter(options?: { quiet?: boolean; stream?: NodeJS.WriteStream }): { step: Step };
export function exitWith(main: () => Promise<void>): Promise<void>;
