// Runs that are broken on purpose, each in the way of one verdict: by their images, their settings, or a loss that is tampered
// with on its way to the training step.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Tensor } from "@unlabel/torch";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { RunDirectory } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { pretrain } from "./pretrain.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

/** What happens to the loss of each step, counted from 1; null for nothing. */
let tamper: ((loss: Tensor, step: number, chance: number) => Tensor) | null = null;
afterEach(() => {
  tamper = null;
});

vi.mock("../methods/registry.ts", async (original) => {
  const methods = await original<typeof import("../methods/registry.ts")>();
  const createMethod: typeof methods.createMethod = (config) => {
    const method = methods.createMethod(config);
    const loss = method.loss.bind(method);
    let step = 0;
    method.loss = (views, progress) => {
      const output = loss(views, progress);
      step += 1;
      return tamper ? { ...output, loss: tamper(output.loss, step, method.chance ?? 1) } : output;
    };
    return method;
  };
  return { ...methods, createMethod };
});

/** The same value with another gradient. */
const scaledGradient = (loss: Tensor, factor: number) => loss.detach().add(loss.sub(loss.detach()).mul(factor));

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const data = join(folder.path, "images");
const same = join(folder.path, "same");
const two = join(folder.path, "two");
const names = [..."abcdefgh"].map((name) => `${name}.png`);

beforeAll(async () => {
  await writeImages(data, names, 32);
  for (const name of names) await writeImages(same, [name], 32);
  for (let at = 0; at < names.length; at += 2) await writeImages(two, names.slice(at, at + 2), 32);
});

/** Checkpoints would take longer than training. */
const MACHINE = { device: "cpu", precision: "fp32", threads: 1, checkpoint_every_epochs: 1000 };
const SIMCLR = {
  ...MACHINE,
  schedule: "constant",
  warmup_epochs: 0,
  method: "simclr",
  encoder: "vit_tiny",
  size: 32,
  batch: 4,
  health_every: 2,
};
const MAE = { ...SIMCLR, method: "mae", mask_ratio: 0.5, batch: 2, decoder_width: 32, decoder_depth: 1 };

async function train(name: string, flags: Record<string, unknown>, from = data) {
  let log = "";
  const stream = { write: (text: string) => (log += text) };
  const out = join(folder.path, "runs", name);
  const error = await pretrain({ data: from, settings: { flags }, out, stream }).then(
    () => null,
    (thrown: Error) => thrown.message,
  );
  if (error !== null && !existsSync(out)) throw new Error(error);
  return { health: RunDirectory.open(out).info.health!, log, error };
}

describe("a run broken on purpose", () => {
  it("on images that are all the same has collapsed, and says so in the log and in run.json", async () => {
    const { health, log } = await train("same", { ...SIMCLR, steps: 2 }, same);
    expect(health).toMatchObject({ verdict: "collapsed", since: 2 });
    expect(health.text).toContain("the images looked at are all the same: check the data");
    expect(log).toContain(health.text);
  });

  it("on images of two kinds alone has features of two directions", async () => {
    const { health } = await train("two", { ...SIMCLR, health_every: 100, steps: 100 }, two);
    expect(health).toMatchObject({ verdict: "dimensional-collapse", since: 100 });
  });

  it("whose loss falls to what guessing gives and no further does not learn", async () => {
    tamper = (loss, step, chance) => loss.sub(loss.detach()).add(chance * (0.99 + Math.exp(-step / 10)));
    const { health } = await train("chance", { ...MAE, lr: 1e-12, health_every: 50, steps: 100 });
    expect(health).toMatchObject({ verdict: "not-learning", since: 100 });
    expect(health.text).toContain("is what guessing gives");
  });

  it("whose loss is less than it can be is below its floor", async () => {
    tamper = (loss) => loss.sub(10);
    const { health, log } = await train("floor", { ...SIMCLR, steps: 2 });
    expect(health).toMatchObject({ verdict: "below-floor", since: 2 });
    expect(log).toContain("less than it can be");
  });

  it("whose loss grows without end diverges", async () => {
    tamper = (loss, step) => loss.mul(2 ** step);
    const { health } = await train("diverging", { ...MAE, steps: 20 });
    expect(health.verdict).toBe("diverging");
    expect(health.since).toBeGreaterThan(0);
  });

  it("whose gradient is a thousand times too large all at once explodes", async () => {
    tamper = (loss, step) => scaledGradient(loss, step < 8 ? 1 : 1e5);
    const { health } = await train("exploding", { ...MAE, steps: 8 });
    expect(health).toMatchObject({ verdict: "exploding-gradient", since: 8 });
  });

  it("whose gradient does not reach the encoder is not trained", async () => {
    tamper = (loss) => scaledGradient(loss, 1e-12);
    const { health } = await train("vanishing", { ...MAE, steps: 2 });
    expect(health).toMatchObject({ verdict: "vanishing-gradient", since: 2 });
  });

  it("whose loss is no number ends, and leaves word why", async () => {
    tamper = (loss, step) => loss.mul(step < 5 ? 1 : Number.NaN);
    const { health, error } = await train("nan", { ...MAE, steps: 10 });
    expect(health).toMatchObject({ verdict: "not-finite", since: 5 });
    expect(error).toContain("step 5");
  });
});

it("a run shorter than can be told of says so at its end, and does not call it early", async () => {
  const { health, log } = await train("short", { ...MAE, steps: 10 });
  expect(health.verdict).toBe("too-early");
  expect(health.text).toBe("too short to tell whether it learns: 10 steps, where 100 are needed");
  expect(log).not.toContain("too early");
});
