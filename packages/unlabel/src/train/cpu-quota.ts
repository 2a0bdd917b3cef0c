// How much of the processors a process's control groups grant it, which the operating system does not count in what it calls parallelism.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The text of a file; empty where there is none. */
type Read = (path: string) => string;

/** Where version 1 has its tree for processors, and version 2 its one tree. */
const V1 = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"];
const V2 = "/sys/fs/cgroup";

/**
 * Cores that this process's control group and those around it grant, of either version, at the least of them; infinite without a limit. A
 * container sees its own group as the outermost, while `/proc/self/cgroup` may name it by the host's path, which then is not there.
 */
export function grantedCores(read: Read = readText): number {
  const grants = read("/proc/self/cgroup")
    .split("\n")
    .flatMap((line) => {
      const [, controllers = "", path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      if (controllers === "") return upwards(path).map((group) => cpuQuota(read(join(V2, group, "cpu.max"))));
      if (!controllers.split(",").includes("cpu")) return [];
      return V1.flatMap((root) => upwards(path).map((group) => oldQuota(join(root, group), read)));
    });
  return Math.min(cpuQuota(read(join(V2, "cpu.max"))), ...grants);
}

/** Cores that `cpu.max` (`200000 100000`, or `max 100000`) grants; infinite without a limit. */
export function cpuQuota(text: string): number {
  const [quota, period] = text.trim().split(/\s+/).map(Number);
  return quota !== undefined && period !== undefined && quota > 0 && period > 0
    ? quota / period
    : Number.POSITIVE_INFINITY;
}

/** The same of version 1, which has a file for either number, and −1 without a limit. */
function oldQuota(folder: string, read: Read): number {
  const quota = read(join(folder, "cpu.cfs_quota_us"));
  return quota === "" ? Number.POSITIVE_INFINITY : cpuQuota(`${quota} ${read(join(folder, "cpu.cfs_period_us"))}`);
}

/** A group and those around it, up to the root. */
function upwards(path: string): string[] {
  const groups = [path];
  for (let group = path; group !== "/" && group !== "." && group !== ""; groups.push(group)) group = dirname(group);
  return groups;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
