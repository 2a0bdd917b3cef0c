// A CPU quota for programs of a bench: a control group of the system's own, as containers have one.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Programs started by these words share so many cores. */
export interface Quota extends Disposable {
  /** What stands before a program and its arguments. */
  before: readonly string[];
}

const PERIOD_US = 100_000;
/** Version 1 has a tree for each kind of limit, version 2 one for all. */
const V1 = "/sys/fs/cgroup/cpu";
const V2 = "/sys/fs/cgroup";

/**
 * A quota of `cores`, by a control group made here, or by systemd; in words why there is none where neither is allowed.
 *
 * @param cores above 0
 */
export function openQuota(cores: number): Quota | string {
  const failures: string[] = [];
  for (const make of [inVersion1, inVersion2, bySystemd]) {
    try {
      return make(cores);
    } catch (error) {
      failures.push(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    }
  }
  return `not run: no control group could be made (${failures.join("; ")})`;
}

function inVersion1(cores: number): Quota {
  if (!existsSync(join(V1, "cpu.cfs_quota_us"))) throw new Error(`no ${V1}`);
  return grouped(V1, (folder) => {
    writeFileSync(join(folder, "cpu.cfs_period_us"), String(PERIOD_US));
    writeFileSync(join(folder, "cpu.cfs_quota_us"), String(Math.round(cores * PERIOD_US)));
  });
}

function inVersion2(cores: number): Quota {
  const controllers = readFileSync(join(V2, "cgroup.controllers"), "utf8").split(/\s+/);
  if (!controllers.includes("cpu")) throw new Error(`no cpu in ${V2}/cgroup.controllers`);
  writeFileSync(join(V2, "cgroup.subtree_control"), "+cpu");
  return grouped(V2, (folder) =>
    writeFileSync(join(folder, "cpu.max"), `${Math.round(cores * PERIOD_US)} ${PERIOD_US}`),
  );
}

/** A group below `parent`; programs enter it before they begin. */
function grouped(parent: string, limit: (folder: string) => void): Quota {
  const folder = join(parent, `unlabel-bench-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const dispose = () => {
    try {
      rmdirSync(folder);
    } catch {
      // A program in it has not quite ended: an empty group stays, and costs nothing.
    }
  };
  try {
    limit(folder);
  } catch (error) {
    dispose();
    throw error;
  }
  const before = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', join(folder, "cgroup.procs")];
  return { before, [Symbol.dispose]: dispose };
}

function bySystemd(cores: number): Quota {
  const user = process.getuid?.() === 0 ? [] : ["--user"];
  const before = ["systemd-run", ...user, "--scope", "--quiet", "--property", `CPUQuota=${Math.round(100 * cores)}%`];
  const [file = "", ...rest] = before;
  execFileSync(file, [...rest, "true"], { stdio: "pipe" });
  return { before, [Symbol.dispose]: () => {} };
}
