import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { GiveWay, type Waited } from "./give-way.ts";

/** A process whose threads wait for a share of each second that is set by hand; with cores for them or not. */
function place({ limited = false, cores = false } = {}) {
  const state = { ms: 0, waited: { ran: 0, waited: 0 } as Waited | null };
  const spins: number[] = [];
  const bound: boolean[] = [];
  const ways = new GiveWay({
    spin: (count) => spins.push(count) > 0,
    bind: (to) => bound.push(to) > 0 && cores,
    usual: 50_000,
    read: () => state.waited && { ...state.waited },
    now: () => state.ms,
    limited,
  });
  const second = (share: number, ms = 1000) => {
    state.ms += 1000;
    if (state.waited) {
      state.waited.ran += ms * (1 - share);
      state.waited.waited += ms * share;
    }
    ways.look();
  };
  return { state, ways, spins, bound, second };
}

describe("threads that wait for each other", () => {
  it("go on as they are where cores are free, whatever the reader's threads take of them", () => {
    const { spins, second } = place();
    for (let i = 0; i < 60; i++) second(i % 2 === 0 ? 0.03 : 0.11);
    expect(spins).toEqual([]);
  });

  it("give way while others take the cores, and are left as they were", () => {
    const { ways, spins, second } = place();
    second(0.4);
    second(0.4);
    expect([ways.gives, spins]).toEqual([true, [3000]]);
    // Neither taken nor free.
    for (let i = 0; i < 5; i++) second(0.09);
    expect(spins).toEqual([3000]);
    // Free for a while, not for a moment.
    for (let i = 0; i < 4; i++) second(0.02);
    second(0.3);
    for (let i = 0; i < 4; i++) second(0.02);
    expect(spins).toEqual([3000]);
    second(0.02);
    second(0.5);
    expect(spins).toEqual([3000, 50_000, 3000]);
    ways[Symbol.dispose]();
    expect(spins.at(-1)).toBe(50_000);
  });

  it("have a core each meanwhile where there are as many, and then look for longer", () => {
    const { ways, spins, bound, second } = place({ cores: true });
    second(0.1);
    expect(bound).toEqual([]);
    second(0.4);
    expect([bound, spins]).toEqual([[true], [10_000]]);
    for (let i = 0; i < 5; i++) second(0.02);
    expect([bound, spins]).toEqual([
      [true, false],
      [10_000, 50_000],
    ]);
    second(0.4);
    ways[Symbol.dispose]();
    expect(bound).toEqual([true, false, true, false]);
  });

  it("are let go at once where the process computes no more, and not taken for short of cores before it does", () => {
    const { bound, second } = place({ cores: true });
    second(0.4, 100);
    expect(bound).toEqual([]);
    second(0.4);
    second(0.4, 100);
    expect(bound).toEqual([true, false]);
  });

  it("look a few times a second, however short steps are", () => {
    const { state, ways, spins, second } = place();
    second(0);
    for (let i = 0; i < 4; i++) {
      state.ms += 20;
      state.waited = { ran: 1000, waited: 100_000 };
      ways.look();
    }
    expect(spins).toEqual([]);
  });

  it("give way from the beginning under a quota", () => {
    const { ways, spins, second } = place({ limited: true });
    expect(spins).toEqual([3000]);
    second(0);
    second(0);
    expect([ways.gives, spins]).toEqual([true, [3000]]);
  });

  it("go on as they are where nobody tells, or threads have ended", () => {
    const { state, spins, second } = place();
    state.waited = null;
    second(0.9);
    second(0.9);
    state.waited = { ran: 100_000, waited: 100_000 };
    second(0);
    state.waited = { ran: 50_000, waited: 10_000 };
    second(0);
    expect(spins).toEqual([]);
  });
});

/** What the runtime of a process of its own answers. */
function answers(calls: string): unknown {
  const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const code = `
    const { bindThreads, engineInfo, setThreads } = await import("@unlabel/torch");
    const { nativeReader } = await import(${at("../base/native.ts")});
    const { giveWay } = await import(${at("./give-way.ts")});
    setThreads(2);
    const usual = Number(engineInfo().spinCount);
    const spin = (count) => nativeReader().spin(usual, count);
    console.log(JSON.stringify(${calls}));
  `;
  const env = { ...process.env, OMP_WAIT_POLICY: undefined, GOMP_SPINCOUNT: undefined };
  const args = ["--import", "tsx", "--input-type=module", "-e", code];
  return JSON.parse(execFileSync(process.execPath, args, { env, encoding: "utf8", cwd: import.meta.dirname }));
}

describe.runIf(process.platform === "linux")("GNU's runtime", () => {
  it("has its count of looks changed as it runs, and as it was again", () => {
    expect(answers("[usual, spin(3000), spin(usual), giveWay(2) !== null]")).toEqual([50_000, true, true, true]);
  });

  it("is left alone where it has no such number, where one thread has nobody to wait for, and where the user has set it", () => {
    const calls = `[nativeReader().spin(123456789, 3000), nativeReader().spin(12, 3000), giveWay(1),
      giveWay(2, 1, { GOMP_SPINCOUNT: "50000" })]`;
    expect(answers(calls)).toEqual([false, false, null, null]);
  });
});

it.runIf(process.platform === "linux" && availableParallelism() > 1)(
  "leaves all cores to threads that read images, begun while the engine's are bound",
  () => {
    const calls = `await (async () => {
    const { readdirSync, readFileSync } = await import("node:fs");
    const bound = () => readdirSync("/proc/self/task").filter((thread) =>
      /Cpus_allowed_list:\\s*\\d+$/m.test(readFileSync("/proc/self/task/" + thread + "/status", "utf8"))).length;
    setThreads(${availableParallelism()});
    nativeReader().threads(5);
    const before = readdirSync("/proc/self/task").length;
    const done = bindThreads(true);
    const engines = bound();
    await nativeReader().sizes(["/nowhere.jpg"]);
    // A thread that had nothing to do may not have begun yet.
    for (const end = Date.now() + 10_000; bound() > engines && Date.now() < end; ) await new Promise((done) => setTimeout(done, 10));
    return [done, engines, bound(), readdirSync("/proc/self/task").length - before >= 5];
  })()`;
    expect(answers(calls)).toEqual([true, availableParallelism(), availableParallelism(), true]);
  },
);
