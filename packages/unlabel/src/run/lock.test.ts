import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { temporaryFolder, withoutPrivileges } from "../testing/data.ts";
import { lockRun } from "./lock.ts";

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder.path, "lock");
});
afterEach(() => folder[Symbol.dispose]());

/** A lock taken five minutes ago. */
function hold(pid: number, host = hostname(), minutes = 5, birth?: string): void {
  const start = new Date(Date.now() - 60_000 * minutes).toISOString();
  writeFileSync(file, JSON.stringify({ pid, host, start, birth }));
}

it("names its process, refuses a second, and can be taken again once given back", () => {
  const lock = lockRun(folder.path);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
  expect(() => lockRun(folder.path)).toThrow(UserError);
  lock[Symbol.dispose]();
  expect(existsSync(file)).toBe(false);
  lockRun(folder.path)[Symbol.dispose]();
});

it("makes the folder, and none of it is left locked", () => {
  const path = join(folder.path, "runs", "a");
  lockRun(path)[Symbol.dispose]();
  expect([existsSync(path), existsSync(join(path, "lock"))]).toEqual([true, false]);
});

it("tells whose a lock is and how old", () => {
  hold(process.ppid);
  expect(() => lockRun(folder.path)).toThrow(`process ${process.ppid} on ${hostname()}, begun 5 min ago`);
});

it("takes over from a process that is no longer alive, or had this one's id before it", () => {
  hold(spawnSync(process.execPath, ["-e", ""]).pid);
  lockRun(folder.path)[Symbol.dispose]();
  hold(process.pid, hostname(), 60 * 24 * 365);
  lockRun(folder.path)[Symbol.dispose]();
});

it("lets stand what cannot be judged: another host's lock, or one without a name", () => {
  hold(spawnSync(process.execPath, ["-e", ""]).pid, "elsewhere");
  expect(() => lockRun(folder.path)).toThrow(/on elsewhere, .* remove .*lock if nothing trains there/);
  writeFileSync(file, "");
  expect(() => lockRun(folder.path)).toThrow("a lock that names no process");
});

it.runIf(process.platform === "linux")("tells a process from a later one that got its id", () => {
  const lock = lockRun(folder.path);
  const { birth } = JSON.parse(readFileSync(file, "utf8")) as { birth: string };
  expect(birth).toMatch(/^[0-9a-f-]{36} \d+$/);
  // Its own, whatever the clock says now.
  hold(process.pid, hostname(), 60 * 24 * 365, birth);
  expect(() => lockRun(folder.path)).toThrow(`process ${process.pid} on`);
  lock[Symbol.dispose]();
  const [boot, ticks] = birth.split(" ");
  for (const other of [`${boot} ${Number(ticks) + 1}`, `0${boot!.slice(1)}x ${ticks}`]) {
    hold(process.pid, hostname(), 0, other);
    lockRun(folder.path)[Symbol.dispose]();
    // Alive, but not the one that took it.
    hold(process.ppid, hostname(), 0, other);
    lockRun(folder.path)[Symbol.dispose]();
  }
});

it("says in one line that nothing can be written there", async () => {
  const path = join(folder.path, "closed");
  mkdirSync(path);
  chmodSync(path, 0o555);
  chmodSync(folder.path, 0o755);
  await withoutPrivileges(() => {
    expect(() => lockRun(path)).toThrow(/Expected to be able to write .*lock, got no permission \(EACCES\)/);
    expect(() => lockRun(join(path, "run"))).toThrow(/Expected to be able to write .*run, got no permission/);
  });
});
