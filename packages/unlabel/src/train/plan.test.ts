import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UsageError, UserError } from "../base/errors.ts";
import { withoutImages } from "../config/channels.ts";
import { PHOTOGRAPHS } from "../data/input.ts";
import { resolveConfig } from "../methods/registry.ts";

import { temporaryFolder } from "../testing/data.ts";
import { plan, stamp } from "./plan.ts";

let temporary: ReturnType<typeof temporaryFolder>;
let folder: string;
beforeEach(() => {
  temporary = temporaryFolder();
  folder = temporary.path;
});
afterEach(() => temporary[Symbol.dispose]());
/** A run directory as far as planning looks at it. */
function begun(resolved = resolveConfig({ flags: { method: "mae" } })): string {
  const config = withoutImages(resolved);
  const out = join(folder, "run");
  mkdirSync(out);
  const data = { root: "/images", fingerprint: "f", train: 10, classes: [], input: PHOTOGRAPHS };
  const machine = { device: "cpu", precision: "fp32" };
  const rest = { status: "running", created: "", command: "", chance: null, steps_per_epoch: 2, result: null };
  writeFileSync(join(out, "run.json"), JSON.stringify({ schema: 2, config, data, ...machine, ...rest }));
  return out;
}

describe("a new run", () => {
  it("is named after method, preset and time, and writes nothing yet", () => {
    const { out, run, data } = plan({ data: "D", settings: { flags: { method: "mae", preset: "paper" } } });
    expect(out).toMatch(/^runs[\\/]mae-paper-\d{8}-\d{6}$/);
    expect([run, data, existsSync(out)]).toEqual([null, "D", false]);
  });

  it("needs images", () => {
    expect(() => plan({ settings: { flags: { method: "mae" } } })).toThrow(UsageError);
  });

  it("refuses a folder or file that is taken", () => {
    const settings = { flags: { method: "mae" } };
    expect(() => plan({ data: "D", settings, out: begun() })).toThrow(
      /continue it with --resume or name another --out/,
    );
    const file = join(folder, "file");
    writeFileSync(file, "");
    expect(() => plan({ data: "D", settings, out: file })).toThrow(UserError);
  });
});

describe("a resumed run", () => {
  it("takes config and images from run.json", () => {
    const config = resolveConfig({ flags: { method: "mae", lr: 0.5 } });
    expect(plan({ settings: {}, out: begun(config), resume: true })).toMatchObject({
      config: withoutImages(config),
      data: "/images",
      input: PHOTOGRAPHS,
    });
  });

  it("keeps its channels, whatever auto would choose today, and refuses others", () => {
    const out = begun();
    const flags = { channels: "auto", mean: "auto", std: "auto" };
    expect(plan({ settings: { flags }, out, resume: true }).config).toMatchObject({
      channels: 3,
      mean: [0.5, 0.5, 0.5],
    });
    expect(() => plan({ settings: { flags: { channels: 1, mean: 0.5, std: 0.5 } }, out, resume: true })).toThrow(
      `Expected channels 3 as ${out} began with, got 1; start a new run instead`,
    );
    expect(() => plan({ settings: { flags: { bands: "3,2,1" } }, out, resume: true })).toThrow(
      `Expected bands null as ${out} began with, got [3,2,1]; start a new run instead`,
    );
  });

  it("may go on for longer, elsewhere", () => {
    const flags = { epochs: 30, threads: 1, device: "cpu" };
    expect(plan({ settings: { flags }, out: begun(), resume: true }).config).toMatchObject(flags);
  });

  it("has as many epochs as are asked for, where it began with so many steps", () => {
    const out = begun(resolveConfig({ flags: { method: "mae", steps: 40 } }));
    expect(plan({ settings: {}, out, resume: true }).config).toMatchObject({ epochs: 20, steps: 40 });
    expect(plan({ settings: { flags: { epochs: 30 } }, out, resume: true }).config).toMatchObject({
      epochs: 30,
      steps: null,
    });
  });

  it("accepts what it was begun with, named again", () => {
    const flags = { method: "mae", preset: "auto", batch: 32 };
    expect(plan({ settings: { flags }, out: begun(), resume: true }).config.batch).toBe(32);
  });

  it("needs its checkpoint", () => {
    const out = begun();
    mkdirSync(join(out, "checkpoints"));
    writeFileSync(join(out, "checkpoints", "last.safetensors"), "");
    expect(() => plan({ settings: {}, out, resume: true })).toThrow(
      /Expected .*last\.state\.safetensors to resume from, got nothing; .* another --out/,
    );
  });

  it("refuses to become another run", () => {
    const out = begun();
    const resume = (flags: Record<string, unknown>) => () => plan({ settings: { flags }, out, resume: true });
    expect(resume({ batch: 64 })).toThrow(/Expected batch 32 as .* began with, got 64; start a new run instead/);
    expect(resume({ method: "simclr" })).toThrow(UsageError);
    expect(resume({ bacth: 64 })).toThrow("did you mean batch?");
  });

  it("must be named, and be there", () => {
    expect(() => plan({ settings: {}, resume: true })).toThrow("Expected --out RUN beside --resume");
    expect(() => plan({ settings: {}, resume: true, out: join(folder, "none") })).toThrow("Expected a run directory");
  });
});

describe("a run that is begun or continued", () => {
  const settings = { flags: { method: "mae", batch: 32, cache: "auto" } };

  it("begins where there is none, and goes on where there is one, called the same way", () => {
    const out = join(folder, "run");
    expect(plan({ data: "D", settings, out, resume: "auto" })).toMatchObject({ run: null, data: "D", out });
    // run.json holds what `auto` has come to.
    begun(resolveConfig({ flags: { ...settings.flags, cache: "off" } }));
    const again = plan({ data: "D", settings, out, resume: "auto" });
    expect(again.run?.path).toBe(out);
    expect(again.config).toMatchObject({ cache: "off" });
  });

  it("goes on under the flags that it was begun with, whatever a budget has made of them", () => {
    const flags = { method: "mae", budget: "8m", warmup_epochs: 5 };
    const before = resolveConfig({ flags });
    const out = begun({ ...before, steps: 40, epochs: 20, warmup_epochs: 2 });
    const { config } = plan({ data: "D", settings: { flags }, out, resume: "auto" });
    expect(config).toMatchObject({ budget: 480, steps: 40, epochs: 20, warmup_epochs: 2 });
  });

  it("must be named", () => {
    const nameless = () => plan({ data: "D", settings, resume: "auto" });
    expect(nameless).toThrow(UsageError);
    expect(nameless).toThrow("Expected --out RUN beside --resume=auto");
  });

  it("begins where a process died before it had begun", () => {
    const out = join(folder, "run");
    mkdirSync(join(out, "checkpoints"), { recursive: true });
    writeFileSync(join(out, "lock"), "");
    expect(plan({ data: "D", settings, out, resume: "auto" }).run).toBeNull();
    writeFileSync(join(out, "checkpoints", "last.safetensors"), "");
    expect(() => plan({ data: "D", settings, out, resume: "auto" })).toThrow("Expected an empty or new folder");
  });
});

describe("how long a resumed run is", () => {
  const planned = (before: Record<string, unknown>, flags: Record<string, unknown>, file?: Record<string, unknown>) => {
    const out = begun({ ...resolveConfig({ flags: { method: "mae" } }), ...before });
    const sources = { flags, ...(file && { file: { name: "f.yaml", settings: file } }) };
    const { config, extension } = plan({ settings: sources, out, resume: true });
    rmSync(out, { recursive: true });
    return { epochs: config.epochs, steps: config.steps, budget: config.budget, extension };
  };
  const budgeted = { budget: 60, steps: 40, epochs: 20 };

  it.each([
    ["as before", {}, { ...budgeted, extension: null }],
    ["as before, said again", { budget: "1m" }, { ...budgeted, extension: "--budget 1m" }],
    ["more steps", { steps: 80 }, { epochs: 20, steps: 80, budget: null, extension: "--steps 80" }],
    ["more epochs", { epochs: 30 }, { epochs: 30, steps: null, budget: null, extension: "--epochs 30" }],
    ["more time", { budget: "2m" }, { epochs: 20, steps: null, budget: 120, extension: "--budget 2m" }],
  ])("under a budget: %s", (_, flags, expected) => {
    expect(planned(budgeted, flags)).toEqual(expected);
  });

  it("a budget may be given to a run that began without", () => {
    expect(planned({ epochs: 20 }, { budget: "2m" })).toMatchObject({ steps: null, budget: 120 });
  });

  it("a flag says more than a file, and a file's budget more than its epochs, as when the run began", () => {
    const file = { budget: "1m", epochs: 50 };
    expect(planned(budgeted, {}, file)).toMatchObject(budgeted);
    expect(planned(budgeted, { steps: 80 }, file)).toMatchObject({ steps: 80, budget: null });
    expect(planned(budgeted, { budget: "1m" }, { epochs: 50 })).toMatchObject(budgeted);
  });
});

it("writes a moment so that names sort by time", () => {
  expect(stamp(new Date(2026, 0, 31, 9, 5, 7))).toBe("20260131-090507");
});
