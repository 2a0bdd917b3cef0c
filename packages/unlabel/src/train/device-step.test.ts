// The whole step of every method and preset on LibTorch's device "meta", whose tensors have shapes and no values: the loader's part on the device,
// the loss, backward, optimizer, averages and the online probe. There a value that is read is an error; host and device that are mixed, and
// copies that are waited for, are seen by device-watch.ts. Encoders, heads and images have their real sizes, for nothing is computed.
import {
  cat,
  dropout,
  empty,
  fromTypedArray,
  ones,
  randn,
  scope,
  type Tensor,
  TorchError,
  tensor,
  withDevice,
  zeros,
} from "@unlabel/torch";
import { describe, expect, it, vi } from "vitest";
import type * as reads from "../base/host-reads.ts";
import { HOST_READS, readFromDevice } from "../base/host-reads.ts";
import { Rng } from "../base/rng.ts";
import type { Config } from "../config/common.ts";
import type { Settings } from "../config/settings.ts";
import { viewsOnDevice } from "../data/on-device.ts";
import { drawParams } from "../data/params.ts";
import type { ViewSpec } from "../data/views.ts";
import { buildEncoder } from "../encoders/index.ts";
import { METHODS } from "../methods/list.ts";
import { presetsIn } from "../methods/presets.ts";
import { createMethod, resolveConfig, viewsAt } from "../methods/registry.ts";
import { Teacher } from "../methods/shared/teacher.ts";
import { watchingDevice } from "../testing/device-watch.ts";
import { averageOf } from "./average.ts";
import { withColorForm } from "./color-form.ts";
import { OnlineProbe } from "./online.ts";
import { makeOptimizer, setRates } from "./optimizer.ts";
import { checkShapes, stepSettings, trainStep } from "./step.ts";

const DEVICE = "meta";
const IMAGES = 8;
/** The first step, and one of a hundred in which nothing is frozen any more, nothing begins, and queues go round. */
const STEPS = [1, 60];

/** Which of the allowed reads were made; their values are ones, since the device has none. */
const asked = vi.hoisted((): { reads: string[] } => ({ reads: [] }));
vi.mock("../base/host-reads.ts", async (original) => {
  const real = await original<typeof reads>();
  const readFromDevice: typeof real.readFromDevice = (what, values) => {
    asked.reads.push(what);
    if (!(what in real.HOST_READS) || values.device !== "meta") return real.readFromDevice(what, values);
    return new Float32Array(values.numel).fill(1);
  };
  return { ...real, readFromDevice };
});

/** For methods that learn from one: a ViT-S that wants images of its own size and range. */
function teacherFor(about: object): Teacher | null {
  if (!("teacher" in about)) return null;
  const encoder = buildEncoder({ family: "vit", size: 224, patch: 16, width: 384, depth: 12, heads: 6, channels: 3 });
  return new Teacher(encoder, { size: 224, mean: [0.4, 0.4, 0.4], std: [0.2, 0.2, 0.2] });
}

function batchOf(specs: readonly ViewSpec[]): Tensor[] {
  return specs.map(({ count, size }) => empty([count * IMAGES, size, size, 3], { dtype: "uint8" }));
}

/** Takes the steps of a config as a run does, with views of a certain size. */
function steps(config: Config, about: object, edge = config.size) {
  return scope(() => {
    const method = withDevice(DEVICE, () => createMethod(config, undefined, teacherFor(about)))
      .to({ device: DEVICE, memoryFormat: "channels_last" })
      .train();
    const optimizer = makeOptimizer(config, method);
    const average = averageOf(config, method);
    const labels = Int32Array.from({ length: 100 }, (_, i) => (i % 7 === 0 ? -1 : i % 5));
    const probe = new OnlineProbe(labels, 5, method.encoder.dim, DEVICE);
    const specs = viewsAt(config, edge);
    const found = STEPS.map((step) =>
      scope(() => {
        asked.reads = [];
        const images = Int32Array.from({ length: IMAGES }, (_, i) => (i + step) % labels.length);
        const params = specs.map((spec) =>
          Array.from({ length: spec.count * IMAGES }, (_, i) => drawParams(spec, new Rng(0, "augment", step, i))),
        );
        const pixels = batchOf(specs);
        const loading = watchingDevice(() => viewsOnDevice(pixels, specs, params, DEVICE));
        const views = loading.result;
        checkShapes(views, { views: specs }, IMAGES);
        const progress = { step, total: 100, epoch: step };
        setRates(optimizer, config, method, 1e-3, progress);
        const training = watchingDevice(() =>
          trainStep({
            ...{ method, optimizer, average, views, progress, images, device: DEVICE, precision: "fp32" },
            ...stepSettings(config),
            encoderNorm: true,
            onFeatures: (features) => ({ "online/linear_top1": probe.learn(features, images) }),
          }),
        );
        const trained = method.parameters().map(({ device, requiresGrad }) => `${device} ${requiresGrad}`);
        return {
          ...{ loading: loading.use, training: training.use, reads: asked.reads, specs: specs.length },
          ...{ outcome: training.result, trained: new Set(trained) },
        };
      }),
    );
    probe.dispose();
    average?.[Symbol.dispose]();
    optimizer.dispose();
    method.dispose();
    return found;
  });
}

function configOf(method: string, preset: string, own: Settings = {}): Config {
  return withColorForm(resolveConfig({ flags: { method, preset, batch: IMAGES, ...own } }), DEVICE);
}

function expectNoWaiting(found: ReturnType<typeof steps>, uploads: number): void {
  for (const { loading, training, reads, specs, outcome, trained } of found) {
    expect([...loading.faults, ...training.faults]).toEqual([]);
    expect(reads).toEqual(["step"]);
    expect([...trained]).toEqual([`${DEVICE} true`]);
    expect(outcome.loss).toBe(1);
    // The pixels of each kind of view, and all numbers of the batch together.
    expect(loading.uploads).toBe(specs + 1);
    expect(training.uploads).toBeLessThanOrEqual(uploads);
  }
}

describe.each(METHODS.map(({ about }) => [about.name, about] as const))("%s", (name, about) => {
  it.each(presetsIn(about))(
    "preset %s: one read a step, at its end, and nothing on the host beside the device",
    (preset) => {
      // Masks or directions; branches left out, of each size of views; positions of local views; what the probe learns from.
      expectNoWaiting(steps(configOf(name, preset), about), 5);
    },
  );
});

/** Settings by which a step goes other ways than presets do. */
const OTHERS: readonly [what: string, method: string, own: Settings, uploads: number][] = [
  ["colours in the exact form", "simclr", { color_form: "exact", blur_p: 0.5, encoder: "resnet18" }, 2],
  ["a batch in parts, by gradients of embeddings", "simclr", { encoder: "resnet18", micro_batch: 4 }, 2],
  ["a batch in parts, added up", "mae", { encoder: "vit_small", micro_batch: 4 }, 3],
  ["activations computed again", "byol", { encoder: "resnet18", activation_checkpointing: true }, 2],
  ["branches left out", "dino", { encoder: "vit_small", drop_path: 0.1, local_views: 2 }, 4],
  ["branches left out of a ConvNeXt", "simclr", { encoder: "convnext_tiny", drop_path: 0.1 }, 3],
  ["an average of the weights", "vicreg", { encoder: "resnet18", weights_average: 0.99, clip_grad_norm: 1 }, 2],
  ["plain SGD", "mocov2", { encoder: "resnet18", optimizer: "sgd" }, 3],
  ["Adam, at rates of layers", "simmim", { encoder: "vit_tiny", optimizer: "adam", layer_decay: 0.8 }, 3],
  ["pixels predicted by an MLP", "mae", { encoder: "vit_tiny", decoder: "mlp" }, 3],
  ["embeddings of a ViT in the queue", "nnclr", { encoder: "vit_tiny" }, 2],
  ["whole images for the teacher", "distill", { teacher_view: "whole", patch_weight: 0 }, 4],
];

it.each(OTHERS)("%s (%s)", (_, name, own, uploads) => {
  const { about } = METHODS.find((method) => method.about.name === name)!;
  expectNoWaiting(steps(configOf(name, "small", own), about), uploads);
});

it.each(["ijepa", "simclr", "ibot"])("smaller views, of which positions are resampled: %s", (name) => {
  const { about } = METHODS.find((method) => method.about.name === name)!;
  const config = configOf(name, "small", { encoder: "vit_tiny" });
  // The networks that resample their positions, and a predictor that has positions, too.
  expectNoWaiting(steps(config, about, config.size / 2), 6);
});

describe("what would be a fault is seen", () => {
  const there = () => zeros([4, 3], { device: DEVICE });
  // Some of it LibTorch refuses by itself.
  const tried = (body: () => unknown) => () => {
    try {
      body();
    } catch (error) {
      expect(error).toBeInstanceOf(TorchError);
    }
  };
  const faultsOf = (body: () => unknown) => scope(() => watchingDevice(tried(body)).use.faults.join("; "));

  it.each<[string, () => unknown]>([
    ["mixes host and device", () => there().mul(ones([3]))],
    ["mixes host and device", () => there().matmul(ones([3, 2]))],
    ["mixes host and device", () => cat([there(), ones([1, 3])])],
    ["mixes host and device", () => there().indexSelect(0, tensor([0], { dtype: "int64" }))],
    ["mixes host and device", () => there().add(tensor(1))],
    ["waits for the device", () => ones([3]).to({ device: DEVICE })],
    ["waits for the device", () => there().copy_(ones([4, 3]))],
    ["draws from the device's generator", () => there().normal_()],
    ["draws from the device's generator", () => randn([2], { device: DEVICE })],
    ["draws from the device's generator", () => dropout(there(), 0.5, true)],
    ["counts its ones on the host", () => there().indexPut_([there().gt(0)], zeros([], { device: DEVICE }))],
  ])("%s: %s", (fault, body) => {
    expect(faultsOf(body)).toContain(fault);
  });

  it("and what is none is not", () => {
    const fine = () => [
      there().mul(2).add(there()),
      fromTypedArray(Float32Array.of(1), undefined, { device: DEVICE }),
      ones([3]).add(1),
      randn([2]),
      dropout(there(), 0.5, false),
      there().to({ dtype: "float64" }),
    ];
    expect(scope(() => watchingDevice(fine).use)).toEqual({ uploads: 1, faults: [] });
  });

  it("a read that is on no list is an error", () => {
    expect(() => scope(() => there().sum().item())).toThrow();
    expect(Object.keys(HOST_READS)).toEqual(["step"]);
    expect(() => readFromDevice("epoch" as "step", zeros([1]))).toThrow("Expected a read of step, got epoch");
  });
});
