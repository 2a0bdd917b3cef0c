import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { nativePath } from "@unlabel/torch/setup";
import { describe, expect, it } from "vitest";
import { samplePixels } from "../testing/data.ts";
import { type ImageSource, type NativeTarget, nativeReader } from "./native.ts";

const addon = nativePath("reader", join(import.meta.dirname, "..", "..", "native"));

describe("the native reader", () => {
  it("refuses arguments that would reach outside of memory", async () => {
    const { read: readAll, sizes, threads } = nativeReader();
    const image = { data: samplePixels(8, 8), width: 8, height: 8 };
    const boxes = Float64Array.of(0, 0, 8, 8, 0);
    const one = Int32Array.of(1);
    const zero = Int32Array.of(0);
    const out = new Uint8Array(4 * 4 * 3);
    const target = { out, counts: one, slots: zero, boxes, width: 4, height: 4, bicubic: false };
    // The second of two targets: each of them is looked at.
    const read = (changes: Partial<NativeTarget>, pixels: ImageSource = image) =>
      readAll([pixels], [target, { ...target, ...changes }]);
    expect(await read({})).toEqual({ failures: [], decodes: 0 });
    const bad: (() => unknown)[] = [
      () => read({ out: out.subarray(1) }),
      () => read({ slots: Int32Array.of(1) }),
      () => read({ slots: Int32Array.of(-1) }),
      () => read({ counts: Int32Array.of(-1) }),
      () => read({ counts: Int32Array.of(2) }),
      () => read({ counts: Int32Array.of(1, 1) }),
      () => read({ boxes: boxes.subarray(1) }),
      () => read({ width: 0 }),
      () => read({ height: 1e9 }),
      () => read({}, { ...image, width: 9 }),
      () => read({}, { ...image, width: 8.5 }),
      () => read({}, { ...image, height: -8 }),
      () => readAll([image], [target, 7 as never]),
      () => readAll([image], null as never),
      () => sizes(["a\0b"]),
      () => sizes([""]),
      () => threads(0),
      () => threads(1e9),
    ];
    for (const call of bad) expect(call, String(call)).toThrow(/^Expected/);
  });

  it.each(["process.exit(130)", "setImmediate(() => process.exit(130))"])("ends with the process: %s", (exit) => {
    // Large and many enough to be under way when the process ends.
    const script = `
      const { read } = require(${JSON.stringify(addon)});
      const image = { data: new Uint8Array(3000 * 2000 * 3), width: 3000, height: 2000 };
      const n = 64;
      const boxes = Float64Array.from({ length: 5 * n }, (_, i) => [0, 0, 3000, 2000, 1][i % 5]);
      const slots = Int32Array.from({ length: n }, (_, i) => i);
      const out = new Uint8Array(n * 512 * 512 * 3);
      const counts = new Int32Array(n).fill(1);
      read(new Array(n).fill(image), [{ out, counts, slots, boxes, width: 512, height: 512, bicubic: true }]);
      ${exit};`;
    expect(spawnSync(process.execPath, ["-e", script])).toMatchObject({ status: 130, signal: null });
  });

  it("ends with a worker thread, and keeps a process alive until the answer is there", () => {
    const script = `
      const { Worker } = require("node:worker_threads");
      const code = \`
        const { sizes } = require(${JSON.stringify(addon)});
        sizes(new Array(5000).fill("/no/such/file")).then(() => {});
        process.exit(0);\`;
      new Worker(code, { eval: true }).on("exit", () => {
        require(${JSON.stringify(addon)}).sizes(["/no/such/file"]).then(({ failures }) => console.log(failures[0].reason));
      });`;
    const { stdout, status } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
    expect(stdout).toBe("the file is gone\n");
    expect(status).toBe(0);
  });
});
