import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { nativePath } from "@unlabel/torch/setup";
import { describe, expect, it } from "vitest";
import { samplePixels } from "../testing/data.ts";
import { nativeReader } from "./native.ts";

const addon = nativePath("reader", join(import.meta.dirname, "..", "..", "native"));

describe("the native reader", () => {
  it("refuses arguments that would reach outside of memory", async () => {
    const { read, sizes, threads } = nativeReader();
    const image = { data: samplePixels(8, 8), width: 8, height: 8 };
    const boxes = Float64Array.of(0, 0, 8, 8, 0);
    const one = Int32Array.of(1);
    const zero = Int32Array.of(0);
    const out = new Uint8Array(4 * 4 * 3);
    expect(await read(out, [image], one, zero, boxes, 4, 4, false)).toEqual([]);
    const bad: (() => unknown)[] = [
      () => read(out.subarray(1), [image], one, zero, boxes, 4, 4, false),
      () => read(out, [image], one, Int32Array.of(1), boxes, 4, 4, false),
      () => read(out, [image], one, Int32Array.of(-1), boxes, 4, 4, false),
      () => read(out, [image], Int32Array.of(-1), zero, boxes, 4, 4, false),
      () => read(out, [image], Int32Array.of(2), zero, boxes, 4, 4, false),
      () => read(out, [image], Int32Array.of(1, 1), zero, boxes, 4, 4, false),
      () => read(out, [image], one, zero, boxes.subarray(1), 4, 4, false),
      () => read(out, [image], one, zero, boxes, 0, 4, false),
      () => read(out, [image], one, zero, boxes, 4, 1e9, false),
      () => read(out, [{ ...image, width: 9 }], one, zero, boxes, 4, 4, false),
      () => read(out, [{ ...image, width: 8.5 }], one, zero, boxes, 4, 4, false),
      () => read(out, [{ ...image, height: -8 }], one, zero, boxes, 4, 4, false),
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
      read(new Uint8Array(n * 512 * 512 * 3), new Array(n).fill(image), new Int32Array(n).fill(1), slots, boxes, 512, 512, true);
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
