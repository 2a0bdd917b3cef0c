import { describe, expect, it } from "vitest";
import { Rng } from "../base/rng.ts";
import { type Lived, live, makeWorld, type World } from "../testing/label-world.ts";
import { type Answer, LabelSession, uniformOrder } from "./session.ts";

const WORLD: World = { count: 40, classes: 3, dim: 4, signals: [1.5, 0.4] };

function begin(seed = 5, world = WORLD) {
  const { labels, contenders } = makeWorld(world, seed);
  return { labels, session: new LabelSession(contenders, world.count, seed), contenders };
}

/** Everything that anybody can see of it. */
function seen({ current, answers, classes, standing, upcoming }: LabelSession): unknown {
  return structuredClone({ current, answers, classes, standing, upcoming });
}

describe("which image comes", () => {
  it("every second one is the next of the random order, the others are farthest from what was shown", () => {
    const { session, labels } = begin();
    const order = Array.from(uniformOrder(40, 5));
    const asked: Answer[] = [];
    while (session.current) {
      const { image, draw } = session.current;
      expect(draw).toBe(asked.length % 2 === 0 ? "uniform" : "coverage");
      if (draw === "uniform") expect(image).toBe(order.find((one) => asked.every((before) => before.image !== one)));
      asked.push({ image, draw, label: labels[image]! });
      session.answer(labels[image]!);
      if (asked.length === 39) break;
    }
    expect(new Set(asked.map(({ image }) => image)).size).toBe(39);
    session.answer(labels[session.current!.image]!);
    // All of the random order have counted by now, each once.
    expect(session.current).toBe(null);
    expect(session.standing.draws).toBe(40);
    expect(() => session.answer("class 0")).toThrow(/all 40 labelled/);
  });

  it("is uniform: over seeds every image is first as often as any other", () => {
    const times = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 4000; seed++) times[uniformOrder(10, seed)[0]!]!++;
    for (const count of times) expect(Math.abs(count - 400)).toBeLessThan(5 * Math.sqrt(360));
    expect([...uniformOrder(10, 3)].sort((a, b) => a - b)).toEqual([...Array(10).keys()]);
  });

  it("is one that will come where it is foretold, if it is of the random order", () => {
    const { session, labels } = begin();
    for (let i = 0; i < 20; i++) {
      const foretold = session.upcoming;
      session.answer(labels[session.current!.image]!);
      if (session.current!.draw === "uniform") expect(foretold).toContain(session.current!.image);
    }
  });
});

describe("what counts", () => {
  it("is what was told before the label: of a label that never was, nothing is right", () => {
    const { session } = begin();
    for (let i = 0; i < 20; i++) session.answer(`class of its own ${i}`);
    const { draws, runs, leader } = session.standing;
    expect(draws).toBeGreaterThanOrEqual(10);
    expect(runs.map(({ right }) => right)).toEqual([0, 0]);
    expect(leader).toBe(null);
  });

  it("skipped images count as draws that nobody got right, and teach nothing", () => {
    const { session } = begin();
    for (let i = 0; i < 10; i++) session.answer(null);
    expect(session.standing.draws).toBeGreaterThanOrEqual(5);
    expect(session.classes).toEqual([]);
    expect(session.standing.runs.every(({ right }) => right === 0)).toBe(true);
  });

  it("the better encoder is found, and the same answers tell the same", () => {
    const world = { ...WORLD, count: 200, signals: [2, 0.1] };
    const { labels, session } = begin(1, world);
    while (session.current && !session.standing.settled) session.answer(labels[session.current.image]!);
    expect(session.standing).toMatchObject({ leader: "run-0", settled: true, more: 0 });
    expect(session.answers.length).toBeLessThan(150);
    const again = begin(1, world).session;
    again.replay(session.answers, () => new Error("other"));
    expect(seen(again)).toEqual(seen(session));
  });
});

it("undo takes back everything, to the bit, however far", () => {
  const { session, labels } = begin(2, { ...WORLD, skips: 0.2 });
  const states: unknown[] = [];
  const isOpen = () => session.current !== null;
  while (isOpen()) {
    states.push(seen(session));
    session.answer(labels[session.current!.image]!);
  }
  const end = seen(session);
  for (const before of states.toReversed()) {
    session.undo();
    expect(seen(session)).toEqual(before);
  }
  expect(session.undo()).toBe(null);
  // And forwards again, with detours.
  const rng = new Rng(1, "detours");
  while (isOpen()) {
    session.answer(labels[session.current!.image]!);
    if (rng.chance(0.3)) {
      session.undo();
      session.answer("something else");
      session.undo();
    }
  }
  expect(seen(session)).toEqual(end);
});

describe("going on", () => {
  it("refuses answers of another seed, twice the same image, and draws out of turn", () => {
    const other = (row: number) => new Error(`row ${row}`);
    const { session, labels } = begin(3);
    for (let i = 0; i < 6; i++) session.answer(labels[session.current!.image]!);
    const answers = [...session.answers];
    expect(() => begin(4).session.replay(answers, other)).toThrow("row 1");
    const twice = answers.with(3, answers[1]!);
    expect(() => begin(3).session.replay(twice, other)).toThrow("row 4");
    const turned = answers.with(2, { ...answers[2]!, draw: "coverage" });
    expect(() => begin(3).session.replay(turned, other)).toThrow("row 3");
  });

  it("goes on with other runs: what was shown for coverage was shown", () => {
    const { session, labels } = begin(3);
    for (let i = 0; i < 10; i++) session.answer(labels[session.current!.image]!);
    const { contenders } = makeWorld({ ...WORLD, signals: [0.3, 0.9, 2] }, 77);
    const next = new LabelSession(contenders, 40, 3);
    next.replay(session.answers, () => new Error("other"));
    expect(next.answers).toEqual(session.answers);
    expect(next.standing.runs).toHaveLength(3);
  });
});

describe("coverage of what is true, by sessions that end when somebody likes what they see", () => {
  // testing/label-coverage.ts lives 1,000 sessions of each of more kinds.
  const sessions = 100;
  const likes = (session: LabelSession) =>
    session.standing.settled || session.standing.rivals.some(({ mean }) => mean > 0.4 && session.standing.draws > 12);
  const worlds: [string, World][] = [
    ["alike, few images, to the end", { count: 36, classes: 3, dim: 3, signals: [0.8, 0.8] }],
    ["one better", { count: 60, classes: 3, dim: 3, signals: [1.6, 0.5], most: 60 }],
    ["three runs, some skipped", { count: 30, classes: 2, dim: 3, signals: [1, 0.8, 0.6], most: 24, skips: 0.1 }],
  ];
  it.each(worlds)("%s", (_, world) => {
    const lived: Lived[] = [];
    for (let seed = 0; seed < sessions; seed++) lived.push(live(world, seed, likes));
    const share = (of: (one: Lived) => boolean) => lived.filter(of).length / sessions;
    expect(share(({ held }) => held)).toBeGreaterThanOrEqual(0.95);
    expect(share(({ misled }) => misled)).toBeLessThanOrEqual(0.05);
    expect(Math.max(...lived.map(({ draws }) => draws))).toBeGreaterThan(12);
  });
});
