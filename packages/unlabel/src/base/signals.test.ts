import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";

/** Runs built modules in a process that signals itself. */
function run(program: string) {
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: join(import.meta.dirname, "..", ".."),
    encoding: "utf8",
  });
  return { stdout, stderr, status, signal };
}

const USE = `import { leaveAtSignal, onFirstSignal, unbroken } from "./dist/base/signals.js";
  const hit = (signal) => process.kill(process.pid, signal);
  const wait = () => new Promise((resolve) => setTimeout(resolve, 50));`;

it("leaves with its last words, wherever the program is", () => {
  const found = run(`${USE} leaveAtSignal("told\\n", "{}\\n"); console.log("begun"); hit("SIGINT"); for (;;);`);
  expect(found).toEqual({ stdout: "begun\n{}\n", stderr: "told\n", status: 130, signal: null });
});

it.skipIf(process.platform === "win32")("leaves though nobody reads what it says, and the pipe is full", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "full");
  expect(spawnSync("mkfifo", [path]).status).toBe(0);
  const filled = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const full = openSync(path, "w");
  try {
    expect(() => {
      for (;;) writeSync(filled, Buffer.alloc(4096));
    }).toThrow("EAGAIN");
    const program = `${USE} leaveAtSignal("told\\n", "{}\\n"); hit("SIGINT"); for (;;);`;
    const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      ...{ cwd: join(import.meta.dirname, "..", ".."), encoding: "utf8", timeout: 20_000, killSignal: "SIGKILL" },
      stdio: ["ignore", "pipe", full],
    });
    expect([stdout, status]).toEqual(["{}\n", 130]);
  } finally {
    closeSync(full);
    closeSync(filled);
  }
});

it("ends what is being written first", () => {
  const found = run(`${USE} leaveAtSignal("told\\n", "");
    unbroken(() => unbroken(() => { hit("SIGTERM"); console.log("written"); })); console.log("never");`);
  expect(found).toEqual({ stdout: "written\n", stderr: "told\n", status: 130, signal: null });
});

it("follows what was asked for last, then what was asked for before, and lets Node's other listeners be", () => {
  const found = run(`${USE}
    process.on("SIGHUP", () => console.log("another"));
    const outer = leaveAtSignal("told\\n", "");
    const inner = onFirstSignal((signal) => console.log(signal));
    hit("SIGHUP"); await wait();
    inner[Symbol.dispose](); outer[Symbol.dispose]();
    hit("SIGHUP"); await wait();
    leaveAtSignal("left\\n", ""); onFirstSignal(() => {})[Symbol.dispose]();
    hit("SIGINT"); await wait(); console.log("never");`);
  expect(found).toEqual({ stdout: "another\nSIGHUP\nanother\n", stderr: "left\n", status: 130, signal: null });
});
