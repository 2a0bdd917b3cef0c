// Set-up: the search for LibTorch, and its installation through a stand-in for pip.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import {
  atLeast,
  cacheDir,
  cachedLibtorch,
  findLibtorch,
  installLibtorch,
  libtorchVersion,
  PINNED,
  reporter,
  SetupError,
  unsupported,
} from "../setup/index.mjs";
import { fakeLibtorch, fakePython, library, scratch, write } from "./testing/setup.ts";

const folder = scratch();

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

  it.each([
    ["linux", "20.19.0", null],
    ["linux", "26.1.0", null],
    ["darwin", "22.12.0", null],
    ["linux", "20.18.3", "got 20.18.3"],
    ["darwin", "9.11.2", "got 9.11.2"],
    ["win32", "24.0.0", "WSL2"],
    ["win32", "18.0.0", "WSL2"],
  ])("on %s, Node %s: %s", (platform, node, reason) => {
    const found = unsupported({ platform, node });
    if (reason === null) expect(found).toBeNull();
    else expect(found).toContain(reason);
    expect(found ?? "").not.toContain("\n");
  });

  it("are read from build-version or version.py without the build's suffix", () => {
    expect(libtorchVersion(fakeLibtorch(folder("a"), "2.7.1+cpu"))).toBe("2.7.1");
    expect(libtorchVersion(fakeLibtorch(folder("b"), "2.15.0+cu132", "version.py"))).toBe("2.15.0");
    expect(libtorchVersion(folder())).toBeNull();
  });
});

describe("the search for LibTorch", () => {
  const find = (looked?: string[]) => findLibtorch({ gpu: false, looked });

  it("takes LIBTORCH, then python3's torch, then the cache", () => {
    fakePython(folder("bin"), {});
    const looked: string[] = [];
    expect(find(looked)).toBeNull();
    expect(looked.join("; ")).toContain("python3 on PATH has no torch");
    expect(looked.join("; ")).toContain(dirname(cachedLibtorch(PINNED, "cpu")));

    const cached = fakeLibtorch(cachedLibtorch(PINNED, "cpu"), PINNED);
    expect(find()).toEqual({ path: cached, version: PINNED, why: "installed by set-up" });

    const python = fakeLibtorch(folder("site/torch"), "2.8.0+cu128", "version.py");
    fakePython(folder("bin"), { torch: python });
    expect(find()).toEqual({ path: python, version: "2.8.0", why: "torch of python3 on PATH" });

    const named = fakeLibtorch(folder("libtorch"), "2.6.0+cpu");
    vi.stubEnv("LIBTORCH", named);
    expect(find()).toEqual({ path: named, version: "2.6.0", why: "LIBTORCH" });
  });

  it("passes over a torch of python3 that is too old, and says so", () => {
    fakePython(folder("bin"), { torch: fakeLibtorch(folder("site/torch"), "2.5.1", "version.py") });
    const looked: string[] = [];
    expect(find(looked)).toBeNull();
    expect(looked.join("; ")).toContain("its version is 2.5.1, older than 2.6");
  });

  it.each([
    ["no such folder", () => folder("nothing"), "there is no such folder"],
    ["a folder of something else", () => folder(), "it has no lib/libtorch_cpu"],
    ["an old one", () => fakeLibtorch(folder("old"), "1.13.1"), "its version is 1.13.1, older than 2.6"],
  ])("never replaces a LIBTORCH that is %s", (_, make, problem) => {
    const path = make();
    vi.stubEnv("LIBTORCH", path);
    expect(() => find()).toThrow(SetupError);
    expect(() => find()).toThrow(`got ${path}: ${problem}`);
  });

  it("wants the CUDA build where a GPU answers, and takes it without one too", () => {
    fakePython(folder("bin"), {});
    fakeLibtorch(cachedLibtorch(PINNED, "cpu"), PINNED);
    expect(findLibtorch({ gpu: true })).toBeNull();
    rmSync(folder("cache"), { recursive: true });
    const cuda = fakeLibtorch(cachedLibtorch(PINNED, "cuda"), PINNED);
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
  /** What pip does: fills the folder that follows --target. */
  const pip = `echo "$@" >> "${"$"}UNLABEL_CACHE/../pip.log"
    while [ "$1" != --target ]; do shift; done
    t=$2; mkdir -p $t/torch/lib $t/torch/include/ATen $t/torch/include/torch/csrc/api/include/torch $t/nvidia/cu13/lib $t/torch-1.dist-info
    touch $t/torch/lib/${library} $t/torch/lib/libtorch_cuda.so $t/torch/lib/libtorch_python.so $t/torch/__init__.py
    touch $t/torch/include/ATen/ATen.h $t/torch/include/torch/csrc/api/include/torch/version.h
    touch $t/nvidia/cu13/lib/libcudart.so.13 $t/nvidia/cu13/lib/libcublas.so.13 $t/nvidia/__init__.py
    mkdir -p $t/nvidia/cu13/include/crt $t/nvidia/cu13/bin; touch $t/nvidia/cu13/include/crt/host_defines.h $t/nvidia/cu13/bin/nvcc
    sleep 0.2`;
  const target = () => join(folder("cache/libtorch"), `${PINNED}-cpu`);
  const files = (path: string) =>
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);

  it("checks hashes, installs nothing else, and keeps only what is used", async () => {
    fakePython(folder("bin"), { pip });
    const libtorch = await installLibtorch({ gpu: false });
    expect(libtorch).toEqual({ path: join(target(), "torch"), version: PINNED, why: "installed by set-up" });
    expect(files(target()).sort()).toEqual(["ATen.h", "build-version", "libcudart.so.13", library, "version.h"]);
    const log = readFileSync(folder("pip.log"), "utf8");
    for (const word of ["--require-hashes", "--no-deps", `--target ${folder("cache")}`, "requirements-cpu.txt"])
      expect(log).toContain(word);
  });

  it("keeps the GPU's libraries where a GPU answers, and the headers that NCCL's is built with", async () => {
    fakePython(folder("bin"), { pip });
    const { path } = await installLibtorch({ gpu: true });
    const kept = files(dirname(path));
    expect(kept).toEqual(expect.arrayContaining(["libtorch_cuda.so", "libcublas.so.13", "host_defines.h"]));
    expect(kept).not.toContain("nvcc");
  });

  it("two at once end with one whole folder and nothing beside it", async () => {
    fakePython(folder("bin"), { pip });
    const both = await Promise.all([installLibtorch({ gpu: false }), installLibtorch({ gpu: false })]);
    expect(both[0]).toEqual(both[1]);
    expect(readdirSync(dirname(target()))).toEqual([basename(dirname(cachedLibtorch(PINNED, "cpu")))]);
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
    fakePython(folder("bin"), { pip: `echo "${said}" >&2; exit 1` });
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
    vi.stubEnv("UNLABEL_CACHE", write(folder("file")));
    await expect(installLibtorch({ gpu: false })).rejects.toThrow(
      /Expected to create the cache folder .*file.* set UNLABEL_CACHE/,
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
