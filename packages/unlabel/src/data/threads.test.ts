// The reader where the system gives no more threads, as under a limit on processes. That limit does not bind root, so memory is
// what is short here: a thread's stack is half a gigabyte of address space, and the process may have only so much more.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { sampleImage, temporaryFolder } from "../testing/data.ts";

const PRLIMIT = process.platform === "linux" && spawnSync("prlimit", ["--version"]).status === 0;
const STACK = 512 * 2 ** 20;

// A process of its own, whose limit nothing else shares; it needs the built dist/, as `npm test` makes it.
const SCRIPT = `
  import { spawnSync } from "node:child_process";
  import { readFileSync } from "node:fs";
  const [module, image, room] = process.argv.slice(1);
  const { ImageReader } = await import(module);
  const reader = new ImageReader({ threads: 8 });
  const now = 1024 * Number(/VmSize:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
  spawnSync("prlimit", ["--pid", String(process.pid), "--as=" + (now + Number(room))]);
  const read = async () => {
    const views = [{ x: 0, y: 0, width: 40, height: 30, flip: false }];
    const items = Array.from({ length: 20 }, () => ({ image, views }));
    const { data, failures } = await reader.read(items, { width: 4, height: 3, filter: "bilinear" });
    return { failures: failures.length, sum: data.reduce((sum, value) => sum + value, 0), threads: reader.threads };
  };
  const first = await read();
  reader.threads = 4;
  console.log(JSON.stringify([first, await read()]));
`;

it.runIf(PRLIMIT)("reads on the threads that there are, and on none where there is none", async () => {
  using folder = temporaryFolder();
  const image = join(folder.path, "a.jpg");
  await sampleImage(40, 30).toFile(image);
  const module = join(import.meta.dirname, "..", "..", "dist", "data", "reader.js");
  const run = (threads: number) => {
    // Beside whole stacks there is half of one, for all else.
    const room = String((threads + 0.5) * STACK);
    const node = [process.execPath, "--input-type=module", "-e", SCRIPT, module, image, room];
    const { status, signal, stdout, stderr } = spawnSync("prlimit", [`--stack=${STACK}`, ...node], {
      encoding: "utf8",
    });
    expect({ status, signal }, stderr).toEqual({ status: 0, signal: null });
    return JSON.parse(stdout) as { failures: number; sum: number; threads: number }[];
  };
  const [whole] = run(12);
  expect(whole).toMatchObject({ failures: 0, threads: 8 });
  for (const [given, threads] of [
    [3, 3],
    [1, 1],
    [0, 1],
  ] as const) {
    for (const each of run(given)) expect(each).toEqual({ ...whole, threads });
  }
});
