import { expect, it } from "vitest";
import { cpuQuota, grantedCores } from "./cpu-quota.ts";

const granted = (files: Record<string, string>) => grantedCores((path) => files[path] ?? "");
const UNLIMITED = Number.POSITIVE_INFINITY;

it("reads a quota", () => {
  const texts = ["200000 100000\n", "150000 100000", "max 100000\n", "-1\n 100000\n", ""];
  expect(texts.map(cpuQuota)).toEqual([2, 1.5, UNLIMITED, UNLIMITED, UNLIMITED]);
});

it("finds the least of its group and those around it, in either version", () => {
  const v2 = { "/proc/self/cgroup": "0::/user.slice/run.scope\n" };
  expect(granted(v2)).toBe(UNLIMITED);
  expect(granted({ ...v2, "/sys/fs/cgroup/user.slice/run.scope/cpu.max": "150000 100000" })).toBe(1.5);
  expect(
    granted({
      ...v2,
      "/sys/fs/cgroup/user.slice/cpu.max": "50000 100000",
      "/sys/fs/cgroup/user.slice/run.scope/cpu.max": "150000 100000",
    }),
  ).toBe(0.5);
  const v1 = { "/proc/self/cgroup": "3:cpuset:/set\n2:cpu,cpuacct:/group/inner\n0::/\n" };
  const group = "/sys/fs/cgroup/cpu/group";
  expect(granted({ ...v1, [`${group}/cpu.cfs_quota_us`]: "-1\n", [`${group}/cpu.cfs_period_us`]: "100000\n" })).toBe(
    UNLIMITED,
  );
  expect(
    granted({ ...v1, [`${group}/cpu.cfs_quota_us`]: "300000\n", [`${group}/cpu.cfs_period_us`]: "100000\n" }),
  ).toBe(3);
  const joint = "/sys/fs/cgroup/cpu,cpuacct/group/inner";
  expect(granted({ ...v1, [`${joint}/cpu.cfs_quota_us`]: "25000", [`${joint}/cpu.cfs_period_us`]: "50000" })).toBe(0.5);
});

it("finds a container's own, which /proc may name by the host's path", () => {
  const docker = { "/proc/self/cgroup": "0::/docker/abc\n", "/sys/fs/cgroup/cpu.max": "200000 100000\n" };
  expect(granted(docker)).toBe(2);
  const old = { "/proc/self/cgroup": "2:cpu,cpuacct:/docker/abc\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "150000\n" };
  expect(granted({ ...old, "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n" })).toBe(1.5);
});

it("knows no limit where there are no control groups", () => {
  expect(granted({})).toBe(UNLIMITED);
});
