import { describe, expect, it } from "vitest";
import { LookPlan, type LookPlanOptions, type Moment } from "./look-plan.ts";

/** Seconds that things take in a run that is played through without a clock. */
interface Machine {
  step: number;
  /** To encode an image, and to read one. */
  encode: number;
  read?: number;
  /** To fetch a block, of a source that is read in blocks. */
  block?: number;
}

const PLAN: LookPlanOptions = {
  config: { health_every: null, batch: 32 },
  votes: true,
  views: 2,
  compares: true,
  available: 768,
};

/** Plays a run of so many steps, and returns what was looked at when, and what all of it took. */
function play(total: number, machine: Machine, options: Partial<LookPlanOptions> = {}, stepsPerEpoch = 50) {
  const plan = new LookPlan({ ...PLAN, ...options });
  const looks: { step: number; measured: number; voting: number; seconds: number }[] = [];
  let [seconds, read] = [0, 0];
  const moment = (step: number): Moment => {
    return { step, total, stepsPerEpoch, seconds, stepSeconds: machine.step };
  };
  const encode = (images: number, compared = 0) => {
    let spent = 0;
    if (images > read) {
      const fetching = (options.blocks?.[images] ?? 0) * (machine.block ?? 0);
      const reading = images * (machine.read ?? 0) + fetching;
      plan.learnRead(images, reading, fetching);
      [read, spent] = [images, reading];
    }
    const encoding = (images + compared) * machine.encode;
    plan.learnCost(images + compared, encoding);
    return spent + encoding;
  };
  for (let step = 1; step <= total; step++) {
    const due = plan.due(moment(step));
    seconds += machine.step;
    const trial = plan.trial(moment(step));
    let spent = trial > 0 ? encode(trial) : 0;
    const { measured, voting } = plan.size(moment(step), due);
    if (measured + voting > 0) spent += encode(Math.max(measured, voting), plan.compared(measured));
    seconds += spent;
    if (spent > 0) {
      looks.push({ step, measured, voting, seconds: spent });
      const found = {
        ...(measured > 0 && { "health/images": measured }),
        ...(voting > 0 && { "online/knn_top1": 0.5 }),
      };
      plan.observe({ step, epoch: 1, seconds, "watch/seconds": spent, ...found });
    }
  }
  const last = looks.at(-1);
  const size = last?.step === total ? last : { measured: 0, voting: 0 };
  return { looks, seconds, spent: plan.spent, leftOut: plan.leftOut(size, moment(total)), plan };
}

/** Slow and fast steps, cheap and dear images, short and long runs. */
const CASES = [0.02, 1, 15].flatMap((step) =>
  [0.0002, 0.05, 0.5].flatMap((share) =>
    [3, 40, 1000, 20_000].map((total) => ({ step, total, encode: share * step, read: 0.1 * share * step })),
  ),
);

describe("all looks of a run", () => {
  it.each(CASES)("take one percent of it, or a tenth of a short one: %o", ({ step, total, encode, read }) => {
    for (const votes of [true, false]) {
      for (const health_every of [null, 0]) {
        const config = { health_every, batch: 32 };
        const { looks, seconds, spent } = play(total, { step, encode, read }, { votes, config });
        const before = looks.filter((look) => look.step < total).reduce((sum, look) => sum + look.seconds, 0);
        // Four images tell what one costs; where they cost far more than training suggests, that is over before it is known.
        const trial = 4 * (encode + read);
        expect(before).toBeLessThanOrEqual(0.006 * seconds + trial);
        expect(spent).toBeLessThanOrEqual(Math.max(0.01 * seconds, Math.min(0.1 * seconds, 20)) + trial);
      }
    }
  });

  it.each([
    ["a quarter of an hour on a slow machine", 900, { step: 1, encode: 0.004, read: 0.001 }],
    ["eight minutes of small images", 4800, { step: 0.1, encode: 0.001 }],
    ["a day", 86_400, { step: 1, encode: 0.05 }],
  ])("are many enough for a curve: %s", (_, total, machine) => {
    const { looks } = play(total, machine);
    expect(looks.filter(({ measured }) => measured > 0).length).toBeGreaterThan(4);
    expect(looks.filter(({ voting }) => voting > 0).length).toBeGreaterThan(2);
    expect(looks.at(-1)).toMatchObject({ step: total, measured: expect.any(Number) });
  });

  it("are of fewer images before the end where there is no time for all", () => {
    const { looks } = play(1000, { step: 1, encode: 0.02 }, { votes: false });
    const before = looks.filter(({ step }) => step < 1000);
    const sizes = before.map(({ measured }) => measured).filter((measured) => measured > 0);
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThan(256);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(16);
    expect(play(100_000, { step: 1, encode: 0.02 }, { votes: false }).looks.at(-1)).toMatchObject({ measured: 256 });
  });

  it("are never due twice at once after a long time without any", () => {
    const plan = new LookPlan({ ...PLAN, votes: false });
    plan.learnRead(256, 1);
    plan.learnCost(8, 0.08);
    const at = (seconds: number): Moment => {
      return { step: 500, total: 1000, stepsPerEpoch: 300, seconds, stepSeconds: 1 };
    };
    expect(plan.due(at(50_000))).toBe(true);
    plan.observe({ step: 500, epoch: 1, seconds: 50_000, "watch/seconds": 4, "health/images": 256 });
    expect(plan.due(at(50_001))).toBe(false);
    expect(plan.due(at(51_000))).toBe(true);
  });
});

describe("of a source in blocks", () => {
  /** Sixteen blocks, of which the first images each lie in another. */
  const blocks = Array.from({ length: 769 }, (_, images) => Math.min(images, 16));
  const remote = { step: 0.5, encode: 0.004, read: 0.002, block: 0.3 };

  it("looks cost what their blocks do, not as if each image had one of its own", () => {
    for (const measured of [16, 64, 256]) {
      const plan = new LookPlan({ ...PLAN, votes: false, compares: false, blocks });
      plan.learnRead(4, 4 * remote.read + 4 * remote.block, 4 * remote.block);
      plan.learnCost(4, 4 * remote.encode);
      const expected = measured * (remote.encode + remote.read) + 16 * remote.block;
      expect(plan.seconds({ measured, voting: 0 }, { stepSeconds: 0 })).toBeCloseTo(expected, 6);
      plan.learnRead(measured, measured * remote.read + 16 * remote.block, 16 * remote.block);
      // They are there from then on.
      expect(plan.seconds({ measured, voting: 0 }, { stepSeconds: 0 })).toBeCloseTo(measured * remote.encode, 6);
    }
  });

  it("all images are looked at within an hour or two of a remote run, and often from then on", () => {
    const { looks } = play(6 * 7200, remote, { blocks });
    const whole = looks.filter(({ measured }) => measured === 256);
    expect(whole[0]!.step).toBeLessThan(7200);
    expect(whole.length).toBeGreaterThan(20);
    // As if each image had a block of its own, which the first four do suggest.
    const each = Array.from({ length: 769 }, (_, images) => images);
    expect(
      play(6 * 7200, remote, { blocks: each }).looks.filter(({ measured }) => measured === 256).length,
    ).toBeLessThan(2);
  });

  it.each([0.02, 0.5, 5])("looks take no more of a run than those at files do: steps of %d s", (step) => {
    for (const total of [3, 1000, 40_000]) {
      for (const block of [0.003, 0.3, 3]) {
        const { looks, seconds, spent } = play(total, { ...remote, step, block }, { blocks });
        const before = looks.filter((look) => look.step < total).reduce((sum, look) => sum + look.seconds, 0);
        const trial = 4 * (remote.encode + remote.read + block);
        expect(before).toBeLessThanOrEqual(0.006 * seconds + trial);
        expect(spent).toBeLessThanOrEqual(Math.max(0.01 * seconds, Math.min(0.1 * seconds, 20)) + trial);
      }
    }
  });
});

describe("the last look of a short run", () => {
  it("is left out, with what it would take, where a tenth of the run is not enough", () => {
    const { looks, leftOut } = play(3, { step: 0.2, encode: 0.1 }, { config: { health_every: null, batch: 4 } });
    expect(looks).toEqual([]);
    expect(leftOut).toBe(
      "Left out at the end of so short a run: a look at the features (16 images, up to 0.6 s) and online kNN (96 images, up to 2.4 s); --set health_every=N looks whatever it takes",
    );
  });

  it("may leave out kNN alone, which needs more images", () => {
    const { looks, leftOut } = play(3, { step: 5, encode: 0.03 });
    expect(looks.at(-1)).toMatchObject({ step: 3, voting: 0 });
    expect(leftOut).toMatch(/^Left out at the end of so short a run: online kNN \(96 images, about \d/);
  });

  it("says nothing where all was looked at", () => {
    expect(play(2000, { step: 1, encode: 0.001 }).leftOut).toBeNull();
  });
});

it("looks as often as is asked, whatever it takes, and in the end for certain", () => {
  const { looks, leftOut } = play(50, { step: 0.1, encode: 10 }, { config: { health_every: 20, batch: 32 } });
  expect(looks.map(({ step, measured }) => [step, measured])).toEqual([
    [20, 256],
    [40, 256],
    [50, 256],
  ]);
  expect(looks.at(-1)!.voting).toBe(768);
  // By kNN at the ends of epochs, once there was a look since the last of them.
  const often = play(60, { step: 0.1, encode: 10 }, { config: { health_every: 25, batch: 32 } }, 10).looks;
  expect(often.filter(({ voting }) => voting > 0).map(({ step }) => step)).toEqual([30, 50, 60]);
  expect(leftOut).toBeNull();
});

it("looks at what there is where there are few images", () => {
  const { looks } = play(500, { step: 1, encode: 0.001 }, { available: 12 });
  expect(new Set(looks.filter(({ measured }) => measured > 0).map(({ measured }) => measured))).toEqual(new Set([12]));
});
