// parity.ts DEVICE THREADS: one training step's loss and gradients on a device and on the CPU, from the same weights, images and
// masks, in fp32; differences relative to the CPU's.

import { manualSeed, randn, setThreads, type Tensor } from "@unlabel/torch";
import { Draws } from "../../packages/unlabel/src/base/draws.ts";
import { createMethod, resolveConfig } from "../../packages/unlabel/src/methods/registry.ts";

import { gradients } from "../../packages/unlabel/src/train/micro-batches.ts";

const [device = "cpu", threads = "1"] = process.argv.slice(2);
const BATCH = 16;
setThreads(Number(threads));

const settings = {
  simclr: { encoder: "resnet18", size: 64, stem: "7x7" },
  mae: { encoder: "vit_tiny", size: 64, patch: 8, decoder: "transformer", decoder_width: 128 },
};

function gradientsOn(name: "simclr" | "mae", where: string): { loss: number; gradient: Float64Array } {
  manualSeed(0);
  const method = createMethod(resolveConfig({ flags: { method: name, ...settings[name] } }));
  const views = method.views.map(({ count, size }) => randn([count * BATCH, 3, size, size]));
  method.to({ device: where, memoryFormat: "channels_last" }).train();
  const { loss } = gradients({
    method,
    views: views.map((view) => view.to({ device: where })),
    progress: {
      step: 1,
      total: 1,
      epoch: 1,
      draws: new Draws(
        1,
        1,
        Int32Array.from({ length: BATCH }, (_, i) => i),
        where,
      ),
    },
    microBatch: null,
    device: where,
    precision: "fp32",
  });
  const flat = method
    .parameters()
    .flatMap(({ grad }: Tensor) => (grad ? [grad.to({ device: "cpu" }).toNumbers()] : []));
  return { loss: loss.item(), gradient: Float64Array.from(flat.flat()) };
}

function norm(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
}

const found = Object.fromEntries(
  (["simclr", "mae"] as const).map((name) => {
    const [there, here] = [gradientsOn(name, device), gradientsOn(name, "cpu")];
    const difference = here.gradient.map((value, i) => value - there.gradient[i]!);
    const loss = Math.abs(there.loss - here.loss) / Math.abs(here.loss);
    return [name, { loss, gradient: norm(difference) / norm(here.gradient) }];
  }),
);
process.stdout.write(`${JSON.stringify(found)}\n`);
