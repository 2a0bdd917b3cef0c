import { describe, expect, it } from "vitest";
import { numberIn, RefusedError, runChild, runScript, runUnlabel } from "./child.ts";

const run = (code: string) => runChild(process.execPath, ["-e", code], process.env);

describe("one side of a bench as a process", () => {
  it("gives the JSON of the last line, whatever else was printed", async () => {
    const outcome = await run(
      `console.log("{ not this"); console.error("nor this"); console.log('{"images_per_s": 2.5}')`,
    );
    expect(outcome.json).toEqual({ images_per_s: 2.5 });
    expect(numberIn(outcome, "images_per_s")).toBe(2.5);
    expect(() => numberIn(outcome, "speed")).toThrow("Expected a number for speed in a result, got undefined");
  });

  it("fails with what the program said", async () => {
    await expect(run(`console.error("no such file"); process.exit(3)`)).rejects.toThrow(/exit code 3:\nno such file/);
    await expect(run(`console.log("done")`)).rejects.toThrow(/Expected a result of .*got exit code 0:\ndone/);
    await expect(runChild("/no/such/program", [], process.env)).rejects.toThrow("ENOENT");
  });

  it.runIf(process.platform === "linux")("counts the most memory that it held, its children's too", async () => {
    const hold = `globalThis.held = Buffer.alloc(2e8, 1); setTimeout(() => console.log("{}"), 1600)`;
    const alone = await run(hold);
    expect(alone.mb).toBeGreaterThan(200);
    const parent = `const child = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(hold)}]);
      globalThis.held = Buffer.alloc(2e8, 1);
      child.on("close", () => console.log("{}"))`;
    expect((await run(parent)).mb).toBeGreaterThan(400);
  });
});

describe("a program that refuses", () => {
  it("is told from one that fails by its exit code, 2, and gives its last line", async () => {
    const refused = run(`console.error("Usage:\\nerror: Expected simclr for method, got \\"byol\\""); process.exit(2)`);
    await expect(refused).rejects.toThrow(RefusedError);
    await expect(refused).rejects.toThrow(/^Expected simclr for method, got "byol"$/);
    await expect(run("process.exit(1)")).rejects.not.toThrow(RefusedError);
  });

  it("may be one that the other tree does not have", async () => {
    const place = { root: import.meta.dirname };
    await expect(runScript("byol.ts", [], 1, place)).rejects.toThrow("it has no bench/ours/byol.ts");
    await expect(runUnlabel([], 1, place)).rejects.toThrow(RefusedError);
  });
});
