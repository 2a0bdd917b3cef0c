import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { temporaryFolder, withoutPrivileges } from "../testing/data.ts";
import { beat } from "./heartbeat.ts";
import { LostLock, lockFile, lockRun } from "./lock.ts";

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

/** The lock of a process that is alive somewhere else, last touched so many seconds ago. */
function holdElsewhere(changes: object, seconds: number): void {
  rmSync(file, { force: true });
  const lock = lockRun(folder.path);
  const own = JSON.parse(readFileSync(file, "utf8")) as object;
  lock[Symbol.dispose]();
  // No process of this container has that id.
  const pid = spawnSync(process.execPath, ["-e", ""]).pid;
  writeFileSync(file, JSON.stringify({ ...own, pid, ...changes }));
  const touched = Date.now() / 1000 - seconds;
  utimesSync(file, touched, touched);
}

describe.runIf(process.platform === "linux")("a process that cannot be seen from here", () => {
  const boot = process.platform === "linux" ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim() : "";
  const places: [string, { space: string; birth: string }][] = [
    ["another container of this host name", { space: `${boot} pid:[1]`, birth: `${boot} 7` }],
    ["another machine of this host name", { space: "0 pid:[4026531836]", birth: "0 7" }],
    ["a system that tells nothing of itself", { space: "unknown", birth: "0 7" }],
  ];

  it.each(places)("keeps its lock while it gives signs of life: %s", (_, place) => {
    for (const pid of [undefined, process.pid, process.ppid]) {
      holdElsewhere({ ...place, ...(pid && { pid }) }, 5);
      expect(() => lockRun(folder.path)).toThrow(/another container or start .* sign of life [4-7] s ago .* 2 min/);
    }
    expect(readdirSync(folder.path)).toEqual(["lock"]);
  });

  it.each(places)("loses it once it has given none for two minutes: %s", (_, place) => {
    holdElsewhere(place, 130);
    lockRun(folder.path)[Symbol.dispose]();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("keeps it whatever the time where its host is another", () => {
    holdElsewhere({ ...places[0]![1], host: "elsewhere" }, 1e6);
    expect(() => lockRun(folder.path)).toThrow("on elsewhere");
  });

  it("is judged by its process where that can be seen, however long it was silent", () => {
    using _lock = lockRun(folder.path);
    utimesSync(file, 1, 1);
    expect(() => lockRun(folder.path)).toThrow(`process ${process.pid} on`);
  });
});

it("gives signs of life while this thread computes, and of its own lock alone", async () => {
  writeFileSync(file, "{own}");
  utimesSync(file, 1, 1);
  const life = beat(file, "{own}", 20);
  await new Promise((resolve) => setImmediate(resolve));
  const touched = () => statSync(file).mtimeMs > 1000;
  const until = Date.now() + 20_000;
  while (!touched() && Date.now() < until) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  expect(touched()).toBe(true);
  expect(readFileSync(file, "utf8")).toBe("{own}");
  life[Symbol.dispose]();

  writeFileSync(file, "[another's]");
  utimesSync(file, 1, 1);
  using _other = beat(file, "{own}", 5);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([readFileSync(file, "utf8"), touched()]).toEqual(["[another's]", false]);
});

it("leaves a lock that another process has taken since", () => {
  const lock = lockRun(folder.path);
  hold(process.ppid);
  lock[Symbol.dispose]();
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ pid: process.ppid });
});

it("tells its holder that it is another's, or gone", () => {
  using lock = lockRun(folder.path);
  lock.check();
  rmSync(file);
  expect(() => lock.check()).toThrow(/to be still this process's, got no lock there: it was taken over/);
  hold(process.ppid);
  expect(() => lock.check()).toThrow(LostLock);
  expect(() => lock.check()).toThrow(`got process ${process.ppid} on ${hostname()}, begun 5 min ago: `);
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

it("locks a file as it locks a folder, in words of its own", () => {
  const path = join(folder.path, "labels.csv");
  const words = { lost: "it is kept", free: "nobody labels there" };
  const lock = lockFile(`${path}.lock`, path, words);
  expect(() => lockFile(`${path}.lock`, path, words)).toThrow(
    new RegExp(
      `^Expected ${path} to be free, got process ${process.pid} .*, or remove ${path}.lock if nobody labels there$`,
    ),
  );
  writeFileSync(`${path}.lock`, "another's");
  expect(() => lock.check()).toThrow(/it was taken over while this one stood still; it is kept$/);
  rmSync(`${path}.lock`);
  lock[Symbol.dispose]();
  lockFile(`${path}.lock`, path, words)[Symbol.dispose]();
});
