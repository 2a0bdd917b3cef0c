import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { manualSeed, saveSafetensors, scope } from "@unlabel/torch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEncoder } from "../encoders/index.ts";
import { trainedMethod } from "../eval/baselines.ts";
import { checksum } from "../eval/features.ts";
import { exportEncoder } from "../export/export.ts";
import { RunDirectory } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { pretrain } from "./pretrain.ts";

const QUICK = {
  ...{
    batch: 4,
    warmup_epochs: 0,
    device: "cpu",
    precision: "fp32",
    threads: 1,
    health_every: 0,
    online: false,
    checkpoint_every_epochs: 100,
  },
};
const DISTILL = { ...QUICK, method: "distill", preset: "small", encoder: "vit_tiny", size: 32, patch: 16 };
const VIT = { encoder: "vit_tiny", size: 32, patch: 8, channels: 3, registers: 2, layer_scale: 0.1 } as const;

let folder: ReturnType<typeof temporaryFolder>;
let data: string;
const at = (...names: string[]) => join(folder.path, ...names);

/** Trains quietly. */
async function train(name: string, flags: Record<string, unknown>, more: { resume?: boolean; images?: string } = {}) {
  let log = "";
  const stream = { write: (text: string) => (log += text) };
  const { resume = false, images = data } = more;
  const found = await pretrain({ data: images, settings: { flags }, out: at(name), stream, resume });
  return { ...found, log };
}

/** Weights under timm's names. */
function writeTeacher(name: string, seed: number): void {
  scope(() => {
    manualSeed(seed);
    const net = createEncoder(VIT);
    saveSafetensors(at(`${name}.safetensors`), net.stateDict());
    net.dispose();
  });
}

beforeAll(async () => {
  folder = temporaryFolder();
  data = at("images");
  await writeImages(
    data,
    Array.from({ length: 8 }, (_, i) => `${i}.png`),
    40,
  );
  writeTeacher("vit", 3);
  await train("a", { ...QUICK, method: "simclr", preset: "small", size: 32, steps: 1 });
}, 120_000);
afterAll(() => folder[Symbol.dispose]());

const weightsOf = (run: string) => {
  const { method } = trainedMethod(RunDirectory.open(at(run)), () => {});
  const found = checksum(method.encoder);
  method.dispose();
  return found;
};

describe("a run that learns from weights of elsewhere", () => {
  it("keeps what taught it and how that sees images, and says so", async () => {
    const { info, log } = await train("b", { ...DISTILL, teacher: at("vit.safetensors"), steps: 2 });
    expect(info.config).toMatchObject({
      ...{ teacher: at("vit.safetensors"), teacher_encoder: "vit_tiny", teacher_patch: 8, teacher_size: 32 },
      encoder: "vit_tiny",
    });
    expect(info.teacher).toMatchObject({
      source: at("vit.safetensors"),
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
      licence: null,
      view: { size: 32, mean: [0.485, 0.456, 0.406], own: false },
    });
    expect(info.chance).toBeGreaterThan(0);
    expect(log).toContain(`learns from ${at("vit.safetensors")}`);
    expect(log).toContain("ImageNet's, since nothing beside the weights says its own");
    expect(RunDirectory.open(at("b")).info.teacher).toEqual(info.teacher);
  });

  it.each([
    ["same", {}],
    ["whole", { teacher_view: "whole", patch_weight: 0 }],
  ] as const)(
    "goes on to the bit where it was stopped, the teacher seeing the %s view",
    async (name, more) => {
      const flags = { ...DISTILL, ...more, teacher: at("vit.safetensors"), steps: 3 };
      const whole = await train(`${name}-once`, flags);
      const stop = new AbortController();
      const onStep = (step: { step: number }) => void (step.step === 2 && stop.abort());
      const settings = { flags };
      const stream = { write: () => true };
      const cut = await pretrain({ data, settings, out: at(`${name}-cut`), stream, signal: stop.signal, onStep });
      expect([cut.interrupted, cut.result.steps]).toEqual([true, 2]);
      const ended = await train(`${name}-cut`, {}, { resume: true });
      expect(ended.result.loss_last).toBe(whole.result.loss_last);
      expect(weightsOf(`${name}-cut`)).toBe(weightsOf(`${name}-once`));
    },
    120_000,
  );
});

describe("a teacher that is not as it was", () => {
  it("is missed, found again elsewhere, and told from others", async () => {
    writeTeacher("moving", 4);
    await train("moved", { ...DISTILL, teacher: at("moving.safetensors"), steps: 1 });
    renameSync(at("moving.safetensors"), at("elsewhere.safetensors"));
    const on = { epochs: 1 };
    await expect(train("moved", on, { resume: true })).rejects.toThrow(
      /^Expected the teacher that .*moved learns from \(vit_tiny.*got nothing there; bring it back.*--teacher PATH$/,
    );
    await expect(train("moved", { ...on, teacher: at("vit.safetensors") }, { resume: true })).rejects.toThrow(
      /got others \(.*bring them back/,
    );
    const { info } = await train("moved", { ...on, teacher: at("elsewhere.safetensors") }, { resume: true });
    expect(info.result!.steps).toBe(2);
    expect([info.config.teacher, info.teacher!.source]).toEqual(Array(2).fill(at("elsewhere.safetensors")));
  });

  it("is a run of one's own, with its pooling, its range and its licence", async () => {
    const { info } = await train("c", { ...DISTILL, teacher: at("a"), steps: 1 });
    expect(info.teacher).toMatchObject({ source: at("a"), view: { size: 32, mean: [0.5, 0.5, 0.5], own: true } });
    expect(info.config).toMatchObject({ teacher_pooling: null, teacher_stem: "7x7", teacher_patch: null });
  });

  it.each([
    [{}, /^Expected a teacher for distill: --teacher with a file/],
    [{ teacher: "" }, "Expected a teacher for distill"],
    [{ teacher: "gone.pth" }, "which is not there"],
    [{ teacher: "vit.safetensors", teacher_encoder: "resnet50" }, /teacher_encoder vit_tiny, as the teacher in/],
    [{ teacher: "vit.safetensors", teacher_size: 50 }, /patch 8 divides, got 50/],
    [{ teacher: "text.bin" }, /text\.bin/],
  ])("is refused before anything is written: %j", async ({ teacher, ...more }: Record<string, unknown>, words) => {
    writeFileSync(at("text.bin"), "no weights");
    const named =
      typeof teacher === "string" && teacher !== "" ? { teacher: at(teacher) } : teacher === "" ? { teacher } : {};
    await expect(train("refused", { ...DISTILL, ...named, ...more, steps: 1 })).rejects.toThrow(words);
    expect(() => RunDirectory.open(at("refused"))).toThrow();
  });

  it("sees as many channels as images have, or those that it is told", async () => {
    await writeImages(at("gray"), ["0.png", "1.png", "2.png", "3.png", "4.png"], 40);
    const gray = { ...DISTILL, teacher: at("vit.safetensors"), steps: 1, channels: 1 };
    await expect(train("gray-run", gray, { images: at("gray") })).rejects.toThrow(
      /Expected images of 3 channels.*got 1; say which it sees, such as --set teacher_bands=1,1,1/,
    );
    const { info } = await train("gray-run", { ...gray, teacher_bands: "1,1,1" }, { images: at("gray") });
    expect(info.config.teacher_bands).toEqual([1, 1, 1]);
  });
});

it("hands on the licence of what taught it to its exports", async () => {
  const file = join(at("b"), "run.json");
  const info = JSON.parse(readFileSync(file, "utf8"));
  info.teacher.licence = "cc-by-nc-4.0";
  writeFileSync(file, JSON.stringify(info));
  const { license, out } = await exportEncoder(at("b"), { to: "timm", out: at("exported") });
  expect(license).toBe("cc-by-nc-4.0");
  const card = readFileSync(join(out, "README.md"), "utf8");
  expect(card).toContain("| Taught by | ");
  expect(card).toContain("It was taught by vit.safetensors, whose licence is cc-by-nc-4.0.");
});
