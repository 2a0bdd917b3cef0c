// Memory that is kept when large tensors are freed: it must be found again, stay bounded and be given back when asked for.
import { describe, expect, it } from "vitest";
import { keepHeap, memory, ones, type Tensor, trimHeap } from "./index.ts";

/** A float32 tensor of so many MB (2^20 bytes), each of its pages written. */
const block = (mb: number) => ones([mb << 18]);
const sum = (x: Tensor) => x.sum().item();

describe.runIf(process.platform === "linux")("kept memory", () => {
  it("serves the next tensor of the size, which sees nothing of the one before", () => {
    expect(keepHeap()).toBe(true);
    const first = block(64);
    first.mul_(3);
    first.dispose();
    const { rssMb } = memory();
    const second = block(64);
    expect(memory().rssMb).toBeLessThan(rssMb + 8);
    expect(sum(second)).toBe(64 << 18);
    second.dispose();
    expect(memory().rssMb).toBeGreaterThan(rssMb - 8);
  });

  it("stays near the most that tensors took together, whatever sizes follow", () => {
    keepHeap();
    trimHeap();
    const { rssMb } = memory();
    for (let mb = 100; mb < 200; mb += 5) block(mb).dispose();
    // The largest one and 128 MB more; all kept they would be 2950.
    expect(memory().rssMb - rssMb).toBeLessThan(195 + 128 + 50);
  });

  it("goes back to the system with trimHeap, and tensors keep theirs", () => {
    keepHeap();
    trimHeap();
    const kept = block(32);
    block(150).dispose();
    const { rssMb } = memory();
    trimHeap();
    expect(rssMb - memory().rssMb).toBeGreaterThan(140);
    expect(sum(kept)).toBe(32 << 18);
    kept.dispose();
  });

  it("says how much was wanted where there is no such memory", () => {
    keepHeap();
    expect(() => ones([2 ** 45])).toThrow(/can't allocate memory: you tried to allocate 140737488355328 bytes/);
  });
});
