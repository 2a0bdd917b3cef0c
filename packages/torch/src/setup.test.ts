// Set-up: the search for LibTorch, its installation through a stand-in for pip, and native builds of a tiny part.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  atLeast,
  buildNative,
  cacheDir,
  findLibtorch,
  installLibtorch,
  libtorchVersion,
  locateNative,
  PINNED,
  reporter,
  SetupError,
} from "../setup/index.mjs";

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

function write(path: string, text = ""): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** The outline of a LibTorch: as its own archive has it, or as a Python package has it. */
function fakeLibtorch(path: string, version: string, file: "build-version" | "version.py" = "build-version"): string {
  write(join(path, "lib", process.platform === "darwin" ? "libtorch_cpu.dylib" : "libtorch_cpu.so"));
  write(join(path, "include/ATen/ATen.h"));
  write(join(path, "include/torch/csrc/api/include/torch/version.h"));
  write(join(path, file), file === "version.py" ? `debug = False\n__version__ = '${version}'\n` : `${version}\n`);
  return path;
}

/** Puts a `python3` first on PATH: a shell script that answers the questions set-up asks, then runs `pip`. */
function fakePython({ torch = "", pip = "exit 1" }: { torch?: string; pip?: string }): void {
  const script = `#!/bin/sh
case "$1 $2" in
  "-c "*find_spec*torch*) echo "${torch && `${torch}/__init__.py`}" ;;
  "-c "*) echo 3.11 ;;
  "-m pip") shift 2; ${pip} ;;
esac
`;
  chmodSync(write(join(folder, "bin/python3"), script), 0o755);
  vi.stubEnv("PATH", `${join(folder, "bin")}:${process.env.PATH}`);
}

describe("the cache folder", () => {
  it("is UNLABEL_CACHE, else below XDG_CACHE_HOME, else the platform's own", () => {
    expect(cacheDir({ UNLABEL_CACHE: "/a", XDG_CACHE_HOME: "/b" })).toBe("/a");
    expect(cacheDir({ XDG_CACHE_HOME: "/b" }, "darwin")).toBe("/b/unlabel");
    expect(cacheDir({}, "linux")).toBe(join(homedir(), ".cache/unlabel"));
    expect(cacheDir({}, "darwin")).toBe(join(homedir(), "Library/Caches/unlabel"));
  });
});

describe("versions", () => {
  it.each([
    ["2.15.0", "2.6", true],
    ["2.6.0", "2.6", true],
    ["2.5.1", "2.6", false],
    ["3.0", "2.15", true],
    ["1.13.1", "2.6", false],
    ["2.10.0a0", "2.9", true],
  ])("%s is at least %s: %s", (version, least, expected) => expect(atLeast(version, least)).toBe(expected));

  it("are read from build-version or version.py without the build's suffix", () => {
    expect(libtorchVersion(fakeLibtorch(join(folder, "a"), "2.7.1+cpu"))).toBe("2.7.1");
    expect(libtorchVersion(fakeLibtorch(join(folder, "b"), "2.15.0+cu132", "version.py"))).toBe("2.15.0");
    expect(libtorchVersion(folder)).toBeNull();
  });
});

describe("the search for LibTorch", () => {
  const find = (looked?: string[]) => findLibtorch({ gpu: false, looked });

  it("takes LIBTORCH, then python3's torch, then the cache", () => {
    expect(fakePython({})).toBeUndefined();
    const looked: string[] = [];
    expect(find(looked)).toBeNull();
    expect(looked.join("; ")).toContain("python3 on PATH has no torch");
    expect(looked.join("; ")).toContain(join(folder, "cache/libtorch", `${PINNED}-cpu`));

    const cached = fakeLibtorch(join(folder, "cache/libtorch", `${PINNED}-cpu`, "torch"), PINNED);
    expect(find()).toEqual({ path: cached, version: PINNED, why: "installed by set-up" });

    const python = fakeLibtorch(join(folder, "site/torch"), "2.8.0+cu128", "version.py");
    fakePython({ torch: python });
    expect(find()).toEqual({ path: python, version: "2.8.0", why: "torch of python3 on PATH" });

    const named = fakeLibtorch(join(folder, "libtorch"), "2.6.0+cpu");
    vi.stubEnv("LIBTORCH", named);
    expect(find()).toEqual({ path: named, version: "2.6.0", why: "LIBTORCH" });
  });

  it("passes over a torch of python3 that is too old, and says so", () => {
    fakePython({ torch: fakeLibtorch(join(folder, "site/torch"), "2.5.1", "version.py") });
    const looked: string[] = [];
    expect(find(looked)).toBeNull();
    expect(looked.join("; ")).toContain("its version is 2.5.1, older than 2.6");
  });

  it.each([
    ["no such folder", () => join(folder, "nothing"), "there is no such folder"],
    ["a folder of something else", () => folder, "it has no lib/libtorch_cpu"],
    ["an old one", () => fakeLibtorch(join(folder, "old"), "1.13.1"), "its version is 1.13.1, older than 2.6"],
  ])("never replaces a LIBTORCH that is %s", (_, make, problem) => {
    const path = make();
    vi.stubEnv("LIBTORCH", path);
    expect(() => find()).toThrow(SetupError);
    expect(() => find()).toThrow(`got ${path}: ${problem}`);
  });

  it("wants the CUDA build where a GPU answers, and takes it without one too", () => {
    fakePython({});
    fakeLibtorch(join(folder, "cache/libtorch", `${PINNED}-cpu`, "torch"), PINNED);
    expect(findLibtorch({ gpu: true })).toBeNull();
    rmSync(join(folder, "cache"), { recursive: true });
    const cuda = fakeLibtorch(join(folder, "cache/libtorch", `${PINNED}-cuda`, "torch"), PINNED);
    expect(findLibtorch({ gpu: true })?.path).toBe(cuda);
    expect(findLibtorch({ gpu: false })?.path).toBe(cuda);
  });
});

describe("the pinned requirements", () => {
  const read = (kind: string) => {
    const text = readFileSync(new URL(`../setup/requirements-${kind}.txt`, import.meta.url), "utf8");
    const entries = text
      .replace(/^#.*\n/gm, "")
      .replaceAll("\\\n", " ")
      .trim()
      .split("\n");
    return new Map(
      entries.map((line) => [line.split(" ")[0], [...line.matchAll(/--hash=sha256:([0-9a-f]{64})(?=\s|$)/g)].length]),
    );
  };

  it("name the pinned torch with a hash for each of four Pythons and four platforms", () => {
    for (const kind of ["cpu", "cuda"]) expect(read(kind).get(`torch==${PINNED}`)).toBe(16);
  });

  it("name each library with a hash for both kinds of Linux machine, and two of them without a GPU", () => {
    const [cpu, cuda] = [read("cpu"), read("cuda")];
    expect(cpu.size).toBe(3);
    expect(cuda.size).toBeGreaterThan(10);
    for (const [name, hashes] of [...cpu, ...cuda]) {
      expect(name).toMatch(/^[a-z0-9-]+==[\d.]+$/);
      if (!name?.startsWith("torch")) expect(hashes, name).toBe(2);
    }
    for (const name of cpu.keys()) expect(cuda.has(name)).toBe(true);
  });
});

describe("the installation", () => {
  const library = process.platform === "darwin" ? "libtorch_cpu.dylib" : "libtorch_cpu.so";
  /** What pip does: fills the folder that follows --target. */
  const pip = `echo "$@" >> "${"$"}UNLABEL_CACHE/../pip.log"
    while [ "$1" != --target ]; do shift; done
    t=$2; mkdir -p $t/torch/lib $t/torch/include/ATen $t/torch/include/torch/csrc/api/include/torch $t/nvidia/cu13/lib $t/torch-1.dist-info
    touch $t/torch/lib/${library} $t/torch/lib/libtorch_cuda.so $t/torch/lib/libtorch_python.so $t/torch/__init__.py
    touch $t/torch/include/ATen/ATen.h $t/torch/include/torch/csrc/api/include/torch/version.h
    touch $t/nvidia/cu13/lib/libcudart.so.13 $t/nvidia/cu13/lib/libcublas.so.13 $t/nvidia/__init__.py
    sleep 0.2`;
  const target = () => join(folder, "cache/libtorch", `${PINNED}-cpu`);
  const files = (path: string) =>
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);

  it("checks hashes, installs nothing else, and keeps only what is used", async () => {
    fakePython({ pip });
    const libtorch = await installLibtorch({ gpu: false });
    expect(libtorch).toEqual({ path: join(target(), "torch"), version: PINNED, why: "installed by set-up" });
    expect(files(target()).sort()).toEqual(["ATen.h", "build-version", "libcudart.so.13", library, "version.h"]);
    const log = readFileSync(join(folder, "pip.log"), "utf8");
    for (const word of ["--require-hashes", "--no-deps", `--target ${join(folder, "cache")}`, "requirements-cpu.txt"])
      expect(log).toContain(word);
  });

  it("keeps the GPU's libraries where a GPU answers", async () => {
    fakePython({ pip });
    const { path } = await installLibtorch({ gpu: true });
    expect(files(dirname(path))).toEqual(expect.arrayContaining(["libtorch_cuda.so", "libcublas.so.13"]));
  });

  it("two at once end with one whole folder and nothing beside it", async () => {
    fakePython({ pip });
    const both = await Promise.all([installLibtorch({ gpu: false }), installLibtorch({ gpu: false })]);
    expect(both[0]).toEqual(both[1]);
    expect(readdirSync(dirname(target()))).toEqual([`${PINNED}-cpu`]);
    expect(existsSync(join(target(), "torch/lib", library))).toBe(true);
  });

  it.each([
    ["Failed to establish a new connection: NewConnectionError", "the index does not answer"],
    ["OSError: [Errno 28] No space left on device", "the disk is full"],
    ["OSError: [Errno 13] Permission denied: '/x'", "there is no permission"],
    ["ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "got another file"],
    ["ERROR: No matching distribution found for torch==2.15.0 (from versions: 2.2.2)", "wheel for"],
    ["ERROR: something new", "ERROR: something new"],
  ])("names what failed: %s", async (said, problem) => {
    fakePython({ pip: `echo "${said}" >&2; exit 1` });
    const failure = await installLibtorch({ gpu: false }).then(
      () => "",
      (error: Error) => error.message,
    );
    expect(failure).toContain(problem);
    expect(failure).toContain("npm run setup");
    expect(failure).not.toContain("\n");
    expect(readdirSync(dirname(target()))).toEqual([]);
  });

  it("says when the cache cannot be written", async () => {
    vi.stubEnv("UNLABEL_CACHE", write(join(folder, "file")));
    await expect(installLibtorch({ gpu: false })).rejects.toThrow(
      /Expected to create the cache folder .*file.* set UNLABEL_CACHE/,
    );
  });
});

describe("native parts", () => {
  /** A part that compiles in a moment; `asks` makes it one that is built against LibTorch. */
  function part({ asks = false, code = "int main_number() { return 1; }" } = {}): string {
    const lists = `cmake_minimum_required(VERSION 3.18)\nproject(tiny CXX)\nadd_library(tiny MODULE tiny.cc)
set_target_properties(tiny PROPERTIES PREFIX "" SUFFIX ".node")\n${asks ? "message(LIBTORCH)\n" : ""}`;
    write(join(folder, "part/CMakeLists.txt"), lists);
    write(join(folder, "part/tiny.cc"), code);
    return join(folder, "part");
  }

  it("are compiled once, found again, and compiled anew when a source changes", async () => {
    const first = await buildNative("tiny", { folder: part() });
    expect(first.built).toBe(true);
    expect(existsSync(first.addon)).toBe(true);
    expect((await buildNative("tiny", { folder: part() })).built).toBe(false);
    expect(locateNative("tiny", part())).toEqual({ addon: first.addon, libtorch: null });

    const changed = part({ code: "int main_number() { return 2; }" });
    expect(() => locateNative("tiny", changed)).toThrow(/Expected the native part "tiny".*run `npm run setup`\.$/);
    const second = await buildNative("tiny", { folder: changed });
    expect(second.built).toBe(true);
    expect(second.addon).not.toBe(first.addon);
    expect(existsSync(first.addon)).toBe(true);
  });

  it("two builds at once do not trample each other", async () => {
    const both = await Promise.all([buildNative("tiny", { folder: part() }), buildNative("tiny", { folder: part() })]);
    expect(both[0]?.addon).toBe(both[1]?.addon);
    expect(readdirSync(join(folder, "cache/native")).filter((name) => name.startsWith(".tmp"))).toEqual([]);
    expect(readdirSync(dirname(both[0]?.addon ?? ""))).toEqual(["tiny.node"]);
  });

  it("are compiled anew where the cache lost them", async () => {
    const { addon } = await buildNative("tiny", { folder: part() });
    rmSync(addon);
    expect(await buildNative("tiny", { folder: part() })).toEqual({ addon, libtorch: null, built: true });
    expect(existsSync(addon)).toBe(true);
  });

  it("show the compiler's words when it refuses, and leave nothing behind", async () => {
    await expect(buildNative("tiny", { folder: part({ code: "int broken(" }) })).rejects.toThrow(/tiny\.cc.*error/);
    expect(readdirSync(join(folder, "cache/native"))).toEqual([]);
  });

  it("are looked up by the LibTorch that set-up chose, or by the one that LIBTORCH names", async () => {
    const sources = part({ asks: true });
    const chosen = {
      path: fakeLibtorch(join(folder, "chosen"), "2.15.0"),
      version: "2.15.0",
      why: "torch of python3 on PATH",
    };
    expect(() => locateNative("tiny", sources)).toThrow("npm run setup");
    const { addon } = await buildNative("tiny", { folder: sources, libtorch: chosen });
    expect(locateNative("tiny", sources)).toEqual({ addon, libtorch: chosen });

    const named = fakeLibtorch(join(folder, "named"), "2.6.0");
    vi.stubEnv("LIBTORCH", named);
    expect(() => locateNative("tiny", sources)).toThrow(`against LibTorch 2.6.0 in ${named}`);
    const other = await buildNative("tiny", { folder: sources });
    expect(other.addon).not.toBe(addon);
    expect(locateNative("tiny", sources).addon).toBe(other.addon);

    vi.stubEnv("LIBTORCH", undefined);
    expect(locateNative("tiny", sources).addon).toBe(addon);
    write(join(chosen.path, "build-version"), "2.16.0\n");
    expect(() => locateNative("tiny", sources)).toThrow(
      /Expected LibTorch 2\.15\.0 .* found 2\.16\.0; run `npm run setup`/,
    );
  });
});

describe("the lines that a person reads", () => {
  it("are one a step with its time; quiet tells only of work", async () => {
    const said: string[] = [];
    const stream = Object.assign(Object.create(process.stderr), {
      isTTY: false,
      write: (text: string) => said.push(text) > 0,
    });
    for (const quiet of [false, true]) {
      const { step } = reporter({ quiet, stream });
      await step("A", () => ({ did: false, text: "A is there" }));
      await step("B", async (progress) => {
        for (let i = 0; i <= 100; i++) progress(i / 100);
        return { did: true, text: "B was made" };
      });
    }
    const lines = said.join("").split("\n");
    expect(lines.filter((line) => /^✓ A is there {2}\d+\.\d s$/.test(line))).toHaveLength(1);
    expect(lines.filter((line) => /^✓ B was made {2}\d+\.\d s$/.test(line))).toHaveLength(2);
    expect(lines.filter((line) => line.startsWith("  B"))).toHaveLength(10);
  });
});
