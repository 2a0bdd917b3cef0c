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
export function atLeast(version: string, least?: string): boolean;
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
export function locateEngine(): { addon: string; libtorch: Libtorch };
