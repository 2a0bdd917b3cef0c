// unlabel studio as a shell starts it: without any engine, from an address with a token to Ctrl-C; and what it refuses.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { writeRun } from "../testing/run-fixture.ts";

const BIN = join(import.meta.dirname, "..", "..", "bin", "unlabel.mjs");
const folder = temporaryFolder();
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  folder[Symbol.dispose]();
});

// No LibTorch and no native part can be found: nothing of the studio needs them.
const env: NodeJS.ProcessEnv = {
  ...process.env,
  LIBTORCH: join(folder.path, "none"),
  UNLABEL_CACHE: join(folder.path, "cache"),
  NO_COLOR: "1",
};

async function start(...args: string[]) {
  const child = spawn(process.execPath, [BIN, "studio", ...args], { cwd: folder.path, env });
  children.push(child);
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (err += text));
  const ended = once(child, "exit").then(([code]) => code as number);
  await expect.poll(() => err.includes("Ctrl-C ends it") || child.exitCode !== null, { timeout: 30_000 }).toBe(true);
  return { child, out: () => out, err: () => err, ended };
}

it("prints an address that opens, tells of the runs, and ends by Ctrl-C with the runs as they were", async () => {
  await writeRun(join(folder.path, "runs", "one"), { steps: 5 });
  const files = readdirSync(join(folder.path, "runs", "one"));
  const studio = await start("--json");
  const { address, port, folders } = JSON.parse(studio.out());
  expect(folders).toEqual(["runs"]);
  expect(address).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/\\?token=\\w[\\w-]{31}$`));
  expect(studio.err()).toContain(`Studio of runs at ${address}\n`);
  const entry = await fetch(address, { redirect: "manual" });
  const cookie = entry.headers.get("set-cookie")!.split(";")[0]!;
  const page = await (await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie } })).text();
  expect(page).toContain("<title>unlabel studio</title>");
  const script = await (await fetch(`http://127.0.0.1:${port}/studio.js`, { headers: { cookie } })).text();
  expect(script.length).toBeGreaterThan(10_000);
  const { runs } = (await (await fetch(`http://127.0.0.1:${port}/api/runs`, { headers: { cookie } })).json()) as {
    runs: { name: string }[];
  };
  expect(runs.map(({ name }) => name)).toEqual(["one"]);
  // A page that listens does not hold it up.
  const line = await fetch(`http://127.0.0.1:${port}/api/events`, { headers: { cookie } });
  studio.child.kill("SIGINT");
  expect(await studio.ended).toBe(0);
  await line.body?.cancel().catch(() => {});
  expect(studio.out().trim().split("\n")).toHaveLength(1);
  expect(readdirSync(join(folder.path, "runs", "one"))).toEqual(files);
});

it("says what it means to let in other machines", async () => {
  const studio = await start("runs", "--host", "0.0.0.0");
  expect(studio.err()).toMatch(
    /Other machines are let in \(--host 0\.0\.0\.0\)\. Whoever has this address sees these runs,\n/,
  );
  expect(studio.err()).toMatch(/nothing on the way is encrypted\. Safer: [\s\S]* ssh -L (\d+):127\.0\.0\.1:\1 /);
  studio.child.kill("SIGTERM");
  expect(await studio.ended).toBe(0);
  expect(studio.out()).toBe("Ended; the runs are as they were\n");
});

it("listens where it is told to, opens that in a browser, and says where none can be opened", async () => {
  const bin = join(folder.path, "bin");
  mkdirSync(bin, { recursive: true });
  // What a desktop has; this one keeps what it was to open, and fails.
  const opened = join(folder.path, "opened.html");
  writeFileSync(join(bin, "xdg-open"), `#!/bin/sh\ncp "$1" ${opened}\nexit 3\n`, { mode: 0o755 });
  env.PATH = `${bin}${delimiter}${env.PATH}`;
  const studio = await start("runs", "--host", "127.0.0.2", "--open", "--json");
  const { address } = JSON.parse(studio.out());
  expect(address).toMatch(/^http:\/\/127\.0\.0\.2:/);
  expect((await fetch(address)).headers.get("set-cookie")).toContain("HttpOnly");
  await expect(fetch(address.replace("127.0.0.2", "127.0.0.1"))).rejects.toThrow();
  if (process.platform === "linux") {
    await expect.poll(studio.err).toContain("note: no browser could be opened; open the address above\n");
    expect(readFileSync(opened, "utf8")).toContain(address.replaceAll("&", "&amp;"));
  }
  studio.child.kill("SIGINT");
  expect(await studio.ended).toBe(0);
});

it("ends at once, however many folders it is looking through", async () => {
  const studio = await start("/");
  const began = Date.now();
  studio.child.kill("SIGINT");
  expect(await studio.ended).toBe(0);
  expect(Date.now() - began).toBeLessThan(2_000);
});

it.each([
  [[""], 2, 'Expected folders with runs, got "", which is none'],
  [["nowhere"], 1, "Expected a folder with runs for nowhere, got nothing there; name one that is there"],
  [["file.txt"], 1, "Expected a folder with runs for file.txt, got a file; name the folder that it lies in"],
  [["--port", "70000"], 2, "Expected a whole number from 0 to 65535 for --port, got 70000"],
  [
    ["--host", "no such host"],
    2,
    "Expected an address of this machine for --host, got no such host; 0.0.0.0 is all of them",
  ],
  [
    ["--host", "203.0.113.9"],
    1,
    "Expected an address of this machine for --host, got 203.0.113.9; name one, 0.0.0.0 for all, or leave it out",
  ],
])("refuses %j", async (args, code, words) => {
  mkdirSync(join(folder.path, "runs"), { recursive: true });
  writeFileSync(join(folder.path, "file.txt"), "");
  const failed = await promisify(execFile)(process.execPath, [BIN, "studio", ...args], { cwd: folder.path, env }).catch(
    (error) => error,
  );
  expect(failed.stderr).toBe(`error: ${words}\n`);
  expect(failed.code).toBe(code);
});
