// Where no thread can be had, as under a limit on processes.
import { readdirSync, readFileSync, readlinkSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { beat } from "./heartbeat.ts";

vi.mock("node:worker_threads", () => ({
  Worker: class {
    constructor() {
      throw new Error("no thread");
    }
  },
}));

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

it("gives signs of life between steps, says so, and leaves no file open", async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "lock");
  writeFileSync(file, "{own}");
  utimesSync(file, 1, 1);
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const life = beat(file, "{own}", 5);
  const touched = () => statSync(file).mtimeMs > 1000;
  for (let tries = 0; tries < 1000 && !touched(); tries++) await pause(5);
  expect([touched(), readFileSync(file, "utf8")]).toEqual([true, "{own}"]);
  expect(warned.mock.calls).toEqual([[expect.stringMatching(/^No thread tells that .*lock is in use.*: no thread$/)]]);
  life[Symbol.dispose]();
  warned.mockRestore();
  await pause(20);
  utimesSync(file, 1, 1);
  await pause(50);
  expect(touched()).toBe(false);
  if (process.platform === "linux") {
    const open = readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return [];
      }
    });
    expect(open).not.toContain(file);
  }
});
