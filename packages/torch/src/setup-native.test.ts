// Native builds of a tiny part: once, anew when its sources change, and none by halves.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { buildNative, locateNative, missingForNccl } from "../setup/index.mjs";
import { fakeLibtorch, scratch, write } from "./testing/setup.ts";

const folder = scratch();

describe("native parts", () => {
  /** A part that compiles in a moment; `asks` makes it one that is built against LibTorch. */
  function part({ asks = false, code = "int main_number() { return 1; }" } = {}): string {
    const lists = `cmake_minimum_required(VERSION 3.18)\nproject(tiny CXX)\nadd_library(tiny MODULE tiny.cc)
set_target_properties(tiny PROPERTIES PREFIX "" SUFFIX ".node")\n${asks ? "message(LIBTORCH)\n" : ""}`;
    write(folder("part/CMakeLists.txt"), lists);
    write(folder("part/tiny.cc"), code);
    return folder("part");
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

  it("are others where the C library is another, as on machines that share a cache", async () => {
    const own = await buildNative("tiny", { folder: part() });
    vi.resetModules();
    const report = { header: { glibcVersionRuntime: "2.17" } };
    using other = vi.spyOn(process.report, "getReport").mockReturnValue(report);
    const older = await import("../setup/index.mjs");
    expect(() => older.locateNative("tiny", part())).toThrow(/found nothing at .*tiny\.node; run `npm run setup`\.$/);
    const { addon, built } = await older.buildNative("tiny", { folder: part() });
    expect([built, addon === own.addon, existsSync(own.addon)]).toEqual([true, false, true]);
    expect(other).toHaveBeenCalledOnce();
    expect(locateNative("tiny", part()).addon).toBe(own.addon);
  });

  it("two builds at once do not trample each other", async () => {
    const both = await Promise.all([buildNative("tiny", { folder: part() }), buildNative("tiny", { folder: part() })]);
    expect(both[0]?.addon).toBe(both[1]?.addon);
    expect(readdirSync(folder("cache/native")).filter((name) => name.startsWith(".tmp"))).toEqual([]);
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
    expect(readdirSync(folder("cache/native"))).toEqual([]);
  });

  it("are looked up by the LibTorch that set-up chose, or by the one that LIBTORCH names", async () => {
    const sources = part({ asks: true });
    const chosen = {
      path: fakeLibtorch(folder("chosen"), "2.15.0"),
      version: "2.15.0",
      why: "torch of python3 on PATH",
    };
    expect(() => locateNative("tiny", sources)).toThrow("npm run setup");
    const { addon } = await buildNative("tiny", { folder: sources, libtorch: chosen });
    expect(locateNative("tiny", sources)).toEqual({ addon, libtorch: chosen });

    const named = fakeLibtorch(folder("named"), "2.6.0");
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

describe("NCCL's library", () => {
  it("is for a CUDA build, and lacks what wheels have whose headers are not beside it", () => {
    const path = fakeLibtorch(folder("site/torch"), "2.15.0");
    const libtorch = { path, version: "2.15.0", why: "LIBTORCH" };
    expect(missingForNccl(libtorch)).toBeNull();
    write(join(path, "lib/libtorch_cuda.so"), "");
    expect(missingForNccl(libtorch)).toContain("nvidia-nccl");
    for (const header of ["nccl/include/nccl.h", "cu13/include/crt/host_defines.h", "cu13/include/cccl/nv/target"])
      write(folder(`site/nvidia/${header}`), "");
    const others = ["nvidia-cuda-runtime", "nvidia-cublas", "nvidia-cusparse", "nvidia-cusolver"];
    expect(missingForNccl(libtorch)).toEqual(others);
    for (const header of ["cuda_runtime_api.h", "cublas_v2.h", "cusparse.h", "cusolverDn.h"])
      write(folder(`site/nvidia/cu13/include/${header}`), "");
    expect(missingForNccl(libtorch)).toEqual([]);
  });
});
