// What tests of set-up stand on: a scratch folder with a cache of its own, the outline of a LibTorch, a stand-in for python3.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";

/** Gives each test of a file a folder with the cache in it and no LIBTORCH; returns paths within it. */
export function scratch(): (path?: string) => string {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "unlabel-setup-"));
    vi.stubEnv("UNLABEL_CACHE", join(folder, "cache"));
    vi.stubEnv("LIBTORCH", undefined);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  return (path = "") => join(folder, path);
}

export function write(path: string, text = ""): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

export const library = process.platform === "darwin" ? "libtorch_cpu.dylib" : "libtorch_cpu.so";

/** The outline of a LibTorch: as its own archive has it, or as a Python package has it. */
export function fakeLibtorch(
  path: string,
  version: string,
  file: "build-version" | "version.py" = "build-version",
): string {
  write(join(path, "lib", library));
  write(join(path, "include/ATen/ATen.h"));
  write(join(path, "include/torch/csrc/api/include/torch/version.h"));
  write(join(path, file), file === "version.py" ? `debug = False\n__version__ = '${version}'\n` : `${version}\n`);
  return path;
}

/** Puts a `python3` into `bin`, first on PATH: a shell script that answers the questions set-up asks, then runs `pip`. */
export function fakePython(bin: string, { torch = "", pip = "exit 1" }: { torch?: string; pip?: string }): void {
  const script = `#!/bin/sh
case "$1 $2" in
  "-c "*find_spec*torch*) echo "${torch && `${torch}/__init__.py`}" ;;
  "-c "*) echo 3.11 ;;
  "-m pip") shift 2; ${pip} ;;
esac
`;
  chmodSync(write(join(bin, "python3"), script), 0o755);
  vi.stubEnv("PATH", `${bin}${delimiter}${process.env.PATH}`);
}
