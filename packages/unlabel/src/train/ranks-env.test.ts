import { expect, it } from "vitest";
import { firstPlace, localBatch } from "./ranks.ts";
import { parseTimeout, ranksFromEnv, threadsOfRank } from "./ranks-env.ts";

const TORCHRUN = {
  ...{ RANK: "3", LOCAL_RANK: "1", WORLD_SIZE: "4", LOCAL_WORLD_SIZE: "2", GROUP_RANK: "1", OMP_NUM_THREADS: "1" },
  ...{ MASTER_ADDR: "node01", MASTER_PORT: "29400", TORCHELASTIC_RUN_ID: "none", TORCHELASTIC_RESTART_COUNT: "2" },
};
const SRUN = {
  ...{ SLURM_JOB_ID: "4711", SLURM_STEP_ID: "0", SLURM_PROCID: "5", SLURM_LOCALID: "1", SLURM_STEP_NUM_TASKS: "7" },
  ...{ SLURM_NODEID: "2", SLURM_STEP_NODELIST: "node[01-03,07]", SLURM_STEP_TASKS_PER_NODE: "2(x3),1" },
};

it("is the only process where nothing is set, or one of one", () => {
  const alone = { rank: 0, worldSize: 1, localRank: 0, localWorldSize: 1, store: "serve", attempt: 0, timeout: 300 };
  expect(ranksFromEnv({})).toMatchObject(alone);
  expect(ranksFromEnv({ RANK: "0", WORLD_SIZE: "1" })).toMatchObject(alone);
  expect(ranksFromEnv({ RANK: "", WORLD_SIZE: "" })).toMatchObject(alone);
});

it("reads torchrun, whose agent may serve the store", () => {
  const place = { rank: 3, worldSize: 4, localRank: 1, localWorldSize: 2, masterAddr: "node01", masterPort: 29400 };
  expect(ranksFromEnv(TORCHRUN)).toEqual({ ...place, store: "client", timeout: 300, attempt: 2 });
  const first = { ...TORCHRUN, RANK: "0", LOCAL_RANK: "0" };
  expect(ranksFromEnv(first)).toMatchObject({ rank: 0, store: "serve" });
  expect(ranksFromEnv({ ...first, TORCHELASTIC_USE_AGENT_STORE: "False" }).store).toBe("serve");
  expect(ranksFromEnv({ ...first, TORCHELASTIC_USE_AGENT_STORE: "True" }).store).toBe("client");
});

it("reads Slurm's step: the first machine of its list, a port of the job's own, its own share of the tasks", () => {
  expect(ranksFromEnv(SRUN)).toEqual({
    ...{ rank: 5, worldSize: 7, localRank: 1, localWorldSize: 2, masterAddr: "node01", store: "client" },
    ...{ masterPort: 15_000 + ((4711 * 31) % 15_000), timeout: 300, attempt: 0 },
  });
  const last = { ...SRUN, SLURM_PROCID: "6", SLURM_LOCALID: "0", SLURM_NODEID: "3" };
  expect(ranksFromEnv(last)).toMatchObject({ rank: 6, localRank: 0, localWorldSize: 1 });
  const one = { ...SRUN, SLURM_STEP_NODELIST: "node07", SLURM_STEP_TASKS_PER_NODE: "7", SLURM_NODEID: "0" };
  expect(ranksFromEnv(one)).toMatchObject({ masterAddr: "127.0.0.1", localWorldSize: 7 });
  expect(
    ranksFromEnv({ ...SRUN, MASTER_PORT: "4000", MASTER_ADDR: "10.0.0.1", SLURM_RESTART_COUNT: "1" }),
  ).toMatchObject({
    ...{ masterAddr: "10.0.0.1", masterPort: 4000, attempt: 1 },
  });
  // Two jobs, or two steps of one, do not meet each other.
  const other = ranksFromEnv({ ...SRUN, SLURM_STEP_ID: "1" });
  expect(other.masterPort).not.toBe(ranksFromEnv(SRUN).masterPort);
});

it("takes sbatch's own script for one process, and torchrun's variables before Slurm's", () => {
  const { SLURM_STEP_ID: _, ...script } = SRUN;
  expect(ranksFromEnv({ ...script, SLURM_PROCID: "0", SLURM_NTASKS: "7" })).toMatchObject({ rank: 0, worldSize: 1 });
  expect(ranksFromEnv({ ...SRUN, ...TORCHRUN })).toMatchObject({ rank: 3, worldSize: 4 });
});

it("reads PyTorchJob, whose pods have a process each, and whose first may be called localhost", () => {
  const pod = {
    RANK: "1",
    WORLD_SIZE: "3",
    MASTER_ADDR: "job-master-0",
    MASTER_PORT: "23456",
    KUBERNETES_SERVICE_HOST: "10.0.0.1",
  };
  expect(ranksFromEnv(pod)).toMatchObject({
    rank: 1,
    localRank: 0,
    localWorldSize: 1,
    masterPort: 23456,
    store: "client",
  });
  const first = ranksFromEnv({ ...pod, RANK: "0", MASTER_ADDR: "localhost" });
  expect(first).toMatchObject({ rank: 0, localRank: 0, localWorldSize: 1, store: "serve" });
});

it("takes ranks that were started by hand on one machine for neighbours", () => {
  const hand = { RANK: "1", WORLD_SIZE: "2", MASTER_ADDR: "127.0.0.1" };
  expect(ranksFromEnv(hand)).toMatchObject({ localRank: 1, localWorldSize: 2, masterPort: 29_500 });
  expect(ranksFromEnv({ ...hand, MASTER_ADDR: "10.1.2.3" })).toMatchObject({ localRank: 0, localWorldSize: 1 });
});

it.each([
  [{ WORLD_SIZE: "2" }, "Expected RANK beside 2 processes, got none; start them by unlabel launch, torchrun"],
  [{ RANK: "0", WORLD_SIZE: "2" }, "Expected MASTER_ADDR beside 2 processes"],
  [{ RANK: "1" }, "Expected RANK below WORLD_SIZE, got 1 and 1"],
  [{ WORLD_SIZE: "0" }, "Expected RANK below WORLD_SIZE, got 0 and 0"],
  [{ WORLD_SIZE: "two" }, 'Expected a whole number for WORLD_SIZE, got "two"'],
  [{ ...TORCHRUN, RANK: "-1" }, 'Expected a whole number for RANK, got "-1"'],
  [
    { ...TORCHRUN, LOCAL_RANK: "2" },
    "Expected LOCAL_RANK below LOCAL_WORLD_SIZE and that at most WORLD_SIZE, got 2, 2 and 4",
  ],
  [{ ...TORCHRUN, MASTER_PORT: "70000" }, "Expected a port from 1 to 65535 for MASTER_PORT, got 70000"],
  [
    { PET_NNODES: "1:2", PET_NPROC_PER_NODE: "2" },
    "Expected torchrun before unlabel, which reads PET_NPROC_PER_NODE=2",
  ],
  [{ RANK: "0", WORLD_SIZE: "4", MASTER_ADDR: "m", PET_NPROC_PER_NODE: "2" }, "torchrun --no-python unlabel …"],
  [{ ...SRUN, SLURM_PROCID: "7" }, "Expected SLURM_PROCID below the number of tasks, got 7 and 7"],
  [{ ...SRUN, SLURM_STEP_NODELIST: "node[1-" }, "Expected names of machines as in node[01-03,07]"],
  [{ UNLABEL_TIMEOUT: "soon" }, "Expected a time from 5s to 24h for UNLABEL_TIMEOUT, such as 90s or 10m, got soon"],
])("refuses %o", (env, message) => {
  expect(() => ranksFromEnv(env)).toThrow(message);
});

it("waits as long as it is told", () => {
  expect(ranksFromEnv({ UNLABEL_TIMEOUT: "90" }).timeout).toBe(90);
  expect(parseTimeout("--timeout", "2m")).toBe(120);
  expect(() => parseTimeout("--timeout", "1s")).toThrow("Expected a time from 5s to 24h for --timeout");
});

it("shares the cores of a machine among its ranks", () => {
  expect(threadsOfRank(16, 4, {})).toBe(4);
  expect(threadsOfRank(2, 4, {})).toBe(1);
  expect(threadsOfRank(16, 1, { OMP_NUM_THREADS: "3" })).toBe(3);
  // torchrun's own 1 is nobody's wish; another number is.
  expect(threadsOfRank(16, 2, TORCHRUN)).toBe(8);
  expect(threadsOfRank(16, 2, { ...TORCHRUN, OMP_NUM_THREADS: "2" })).toBe(2);
  expect(threadsOfRank(16, 1, { OMP_NUM_THREADS: "1" })).toBe(1);
  expect(threadsOfRank(16, 2, { ...SRUN, SLURM_CPUS_PER_TASK: "6" })).toBe(6);
  expect(threadsOfRank(4, 2, { ...SRUN, SLURM_CPU_BIND_TYPE: "mask_cpu:" })).toBe(4);
  expect(threadsOfRank(4, 2, { ...SRUN, SLURM_CPU_BIND_TYPE: "none" })).toBe(2);
});

it("has the places in the global batch that the ranks before it leave", () => {
  expect([0, 1, 3].map((rank) => firstPlace({ rank, worldSize: 4 }, 128))).toEqual([0, 32, 96]);
});

it("refuses a batch that ranks cannot share evenly, with sizes that they can", () => {
  expect(localBatch({ worldSize: 3 }, 96)).toBe(32);
  expect(() => localBatch({ worldSize: 3 }, 64)).toThrow(/3 ranks can share evenly, got 64; .*global_batch=63 or 66/);
  expect(() => localBatch({ worldSize: 4 }, 2)).toThrow(/global_batch=4$/);
});
