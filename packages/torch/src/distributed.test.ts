// Process groups of real processes: each test starts small Node processes that print what they found.
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import * as distributed from "./distributed.ts";
import { tensor } from "./index.ts";
import { freePort, type RankOutcome, runRanks } from "./testing/ranks.ts";

const script = fileURLToPath(new URL("testing/run-ranks.ts", import.meta.url));
const SIZE = 2;

interface Said {
  alone: { rank: number; size: number; none: string };
  collectives: Record<string, unknown>;
  gradients: Record<string, unknown>;
  batchNorm: Record<string, number>;
  misuse: Record<string, unknown>;
  error?: string;
}

const saidBy = (outcomes: RankOutcome[]) =>
  outcomes.map(({ said, stderr, code }) => (said ?? { code, stderr }) as Said);

describe("two ranks", () => {
  let all: Said[] = [];

  beforeAll(async () => {
    const outcomes = await runRanks(SIZE, script, { args: ["all"] });
    all = saidBy(outcomes);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
  }, 120_000);

  it("are alone before, and none of it is there then", () => {
    const none = "TorchError: barrier: Expected a process group, got none; call initProcessGroup first";
    for (const { alone } of all) expect(alone).toEqual({ rank: 0, size: 1, none });
  });

  it("reduce, broadcast, gather and scatter as torch.distributed does", () => {
    const three = (value: number) => [value, value, value];
    for (const [rank, { collectives: found }] of all.entries()) {
      expect(found).toMatchObject({ rank, size: SIZE, backend: "gloo", initialized: true });
      const dtypes = ["float32", "bfloat16", "float16", "float64", "int64", "int32"];
      expect(found.reduced).toEqual(Object.fromEntries(dtypes.map((dtype) => [dtype, three(3)])));
      expect(found.ops).toEqual({ avg: three(1.5), max: three(2), min: three(1), product: three(2) });
      expect(found.strided).toEqual([0, 6, 2, 8, 4, 10]);
      expect(found.works).toEqual([
        [0.5, 0.5],
        [5, 5],
      ]);
      expect(found.twice).toContain("Expected a work of this process group that was not waited for yet");
      expect(found.broadcast).toEqual(three(2));
      expect(found.gathered).toEqual([three(1), three(2)]);
      expect(found.whole).toEqual([1, 1, 1, 2, 2, 2]);
      expect(found.scattered).toEqual(three(3 + 2 * rank));
      expect(found.largest).toEqual(three(2));
    }
  });

  it("have gradients through what they gather", () => {
    for (const [rank, { gradients: found }] of all.entries()) {
      expect(found.forward).toBe(0);
      expect(found.gradient).toBeLessThan(1e-6);
      // First views of both ranks, then second ones.
      expect(found.ordered).toEqual([0, 1, 10, 11, 2, 3, 12, 13]);
      // Its own rows' places in that order, twice: the loss is one, and gradients will be averaged.
      expect(found.ownGradient).toEqual([0, 1, 4, 5].map((place) => 2 * (place + 2 * rank)));
    }
  });

  it("normalise all of a batch together, forward and backward", () => {
    for (const { batchNorm } of all) {
      expect(Object.keys(batchNorm)).toHaveLength(42);
      for (const [name, distance] of Object.entries(batchNorm)) {
        // Numbers of bfloat16 near 20 lie 1/8 apart.
        expect.soft(distance, name).toBeLessThan(name.startsWith("half") ? 0.13 : 2e-5);
      }
    }
  });

  it("refuse what would end the process, on all ranks alike, and go on", () => {
    const same = /^TorchError: \w+: Expected the same call with the same shape on all ranks, got /;
    for (const { misuse } of all) {
      for (const name of ["shapes", "sameNumber", "dtypes", "calls", "ops"])
        expect.soft(misuse[name], name).toMatch(same);
      expect(misuse.calls).toMatch(/allReduce of 2 float32 .*on rank 0 and broadcast of 2 float32 .*on rank 1/);
      expect(misuse.source).toMatch(/Expected a rank from 0 to 1 for src, got 2/);
      expect(misuse.op).toMatch(/Expected sum, avg, max, min or product for op, got "mean"/);
      expect(misuse.whole).toMatch(/Expected floating-point numbers for avg, got int64/);
      expect(misuse.scalar).toMatch(/Expected a tensor of one axis or more, got a scalar/);
      expect(misuse.shared).toMatch(/Expected a first axis that 2 ranks can share, got \[5\]/);
      expect(misuse.count).toMatch(/Expected 2 tensors, one a rank, got 1/);
      expect(misuse.views).toMatch(/Expected rows of 2 views of images, got \[3\]/);
      expect(misuse.tensor).toMatch(/Expected a tensor for tensor, got 3/);
      expect(misuse.ragged).toMatch(
        /Expected the same call with the same shape on all ranks, got gatherRows of 12 float32 .* on rank 0 and gatherRows of 6 float32/,
      );
      expect(misuse.second).toMatch(/Expected a whole number from 1 for views, got 0/);
      expect(misuse.derivative).toMatch(/no second derivative/);
      expect(misuse.after).toEqual([2]);
      expect(misuse.recording).toBe(true);
    }
  });
});

describe("a rank that is lost", () => {
  interface Lost {
    first: string;
    seconds: number;
    again: string;
  }

  it("is named by all others, and the group is of no use after that", { timeout: 60_000 }, async () => {
    const outcomes = await runRanks(3, script, { args: ["lose", "SIGKILL"] });
    expect(outcomes[2]!.code).toBe("SIGKILL");
    for (const { said } of outcomes.slice(0, 2)) {
      const { first, again, seconds } = said as Lost;
      expect(first).toBe("RankError: allReduce: rank 2 is lost (killed or stopped)");
      expect(again).toBe("RankError: barrier: the process group is broken: rank 2 is lost (killed or stopped)");
      expect(seconds).toBeLessThan(19);
    }
  });

  it("says why, where it can", { timeout: 60_000 }, async () => {
    const outcomes = await runRanks(2, script, { args: ["lose", "fail"] });
    expect(outcomes.map(({ code }) => code)).toEqual([0, 3]);
    expect((outcomes[0]!.said as Lost).first).toBe("RankError: allReduce: rank 1 failed: Expected something else");
  });
});

describe("a rendezvous", () => {
  const failed = async (size: number, options: Parameters<typeof runRanks>[2]) =>
    saidBy(await runRanks(size, script, { args: ["collectives"], ...options })).map(({ error }) => error);

  const quick = { worldSize: 3, masterAddr: "127.0.0.1", timeout: 0.5 };

  it("names the ranks that did not come, or says that nobody listens", async () => {
    const masterPort = await freePort();
    const served = distributed.initProcessGroup({ ...quick, masterPort, rank: 0 });
    const message = `Expected 3 ranks at 127.0.0.1:${masterPort} within 0.5 s, ranks 1 and 2 did not come`;
    await expect(served).rejects.toThrow(message);
    await expect(served).rejects.toMatchObject({ name: "RankError", ranks: [1, 2] });
    const asked = distributed.initProcessGroup({ ...quick, masterPort, rank: 1 });
    await expect(asked).rejects.toThrow(
      `Expected rank 0 at 127.0.0.1:${masterPort} within 0.5 s, nobody listens there`,
    );
    expect(distributed.isInitialized()).toBe(false);
  });

  it("refuses two processes of one rank, and ranks that count others", { timeout: 60_000 }, async () => {
    const twice = await failed(2, {
      envOf: () => ({ RANK: 0, TORCHELASTIC_USE_AGENT_STORE: "False" }),
      env: { TEST_TIMEOUT: "2" },
    });
    expect(twice.some((error) => /Expected port \d+ of 127\.0\.0\.1 to be free .*it is taken/.test(error ?? ""))).toBe(
      true,
    );
    const sizes = await failed(2, {
      envOf: (rank): Record<string, number> => (rank === 1 ? { WORLD_SIZE: 3 } : {}),
      env: { TEST_TIMEOUT: "5" },
    });
    expect(
      sizes.some((error) => /the same WORLD_SIZE on all ranks, got 2 on rank 0 and 3 on rank 1/.test(error ?? "")),
    ).toBe(true);
  });
});

describe("options and variables", () => {
  const valid = { rank: 0, worldSize: 1, masterAddr: "127.0.0.1", masterPort: 29500 };

  it.each([
    [{ ...valid, backend: "mpi" }, 'Expected gloo or nccl for backend, got "mpi"'],
    [{ ...valid, initMethod: "tcp://" }, 'Expected env:// for initMethod, got "tcp://"'],
    [{ ...valid, timeout: 0 }, "Expected a number of seconds above 0 for timeout, got 0"],
    [{ ...valid, rank: 1 }, "Expected a whole number from 0 to 0 for RANK, got 1"],
    [{ ...valid, worldSize: undefined }, 'Expected a whole number from 1 to 1000000 for WORLD_SIZE, got "nothing"'],
    [{ ...valid, masterPort: 70_000 }, "Expected a whole number from 1 to 65535 for MASTER_PORT, got 70000"],
    [{ ...valid, masterAddr: " " }, "Expected MASTER_ADDR, the name or address of rank 0's machine, got nothing"],
    [{ ...valid, masterAddr: "no such host" }, "Expected MASTER_ADDR to be a name or an address that is known"],
    [{ ...valid, masterAddr: "192.0.2.1", oneMachine: true }, "it is no address of this machine"],
  ])("refuses %o", async (options, message) => {
    await expect(distributed.initProcessGroup(options as distributed.ProcessGroupOptions)).rejects.toThrow(message);
    expect(distributed.isInitialized()).toBe(false);
  });

  it("refuses a port that another program has, and NCCL where it was not built", async () => {
    const server = createServer();
    const masterPort = await new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
    );
    await expect(distributed.initProcessGroup({ ...valid, masterPort })).rejects.toThrow(
      `Expected port ${masterPort} of 127.0.0.1 to be free for the ranks to meet at, it is taken; set another MASTER_PORT`,
    );
    server.close();
  });

  it("makes a group of one, which is left as if it had not been", async () => {
    await distributed.initProcessGroup({ ...valid, masterPort: await freePort(), oneMachine: true });
    expect([distributed.getRank(), distributed.getWorldSize()]).toEqual([0, 1]);
    expect(distributed.allReduce(tensor([2, 3]), { op: "avg" }).toNumbers()).toEqual([2, 3]);
    expect(distributed.allGather(tensor([2])).map((t) => t.toNumbers())).toEqual([[2]]);
    await expect(distributed.initProcessGroup(valid)).rejects.toThrow(
      "Expected no process group yet, got a second one",
    );
    const store = distributed.store();
    store.set("key", "wörter");
    expect([store.peek("key"), store.peek("none"), store.add("n", 2), store.add("n", 3)]).toEqual([
      "wörter",
      null,
      2,
      5,
    ]);
    store.delete("key");
    expect(store.peek("key")).toBe(null);
    expect(distributed.lostRanks()).toEqual([]);
    distributed.destroyProcessGroup();
    distributed.destroyProcessGroup();
    expect(distributed.isInitialized()).toBe(false);
    expect(() => distributed.store()).toThrow("Expected a process group, got none");
  });
});
