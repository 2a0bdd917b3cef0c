// One of two ranks of ranks-parity.test.ts. Each method is trained by one of them alone first, then by both together on the same global batch;
// how far the two are apart is printed as JSON.
import {
  distributed,
  keep,
  manualSeed,
  nn,
  noGrad,
  optim,
  randn,
  scope,
  setThreads,
  type Tensor,
} from "@unlabel/torch";
import type { Config } from "../config/common.ts";
import { buildEncoder } from "../encoders/registry.ts";
import { METHODS } from "../methods/list.ts";
import type { Method } from "../methods/method.ts";
import { createMethod, resolveConfig } from "../methods/registry.ts";
import { Teacher } from "../methods/shared/teacher.ts";
import { averageOverRanks } from "../train/average-gradients.ts";
import { gradients } from "../train/micro-batches.ts";
import { trainStep } from "../train/step.ts";
import "./narrow.ts";
import { stepOn } from "./progress.ts";

setThreads(1);
const BATCH = 16;
const WORLD = 2;
const STEPS = 5;

/** Heads so small that all methods take seconds, where a method has such keys. */
const SMALL = {
  ...{ projection_hidden: 32, projection_dim: 16, predictor_hidden: 16, queue: 64 },
  ...{ decoder_width: 32, decoder_depth: 1, decoder_heads: 2, outputs: 64, prototypes: 32 },
};

interface Case {
  name: string;
  settings: Record<string, unknown>;
  /** Default 0.05. */
  lr?: number;
}

/** Every method of the list, and what else of one goes another way. */
const cases: Case[] = [
  ...METHODS.map(({ about }) => ({ name: about.name, settings: { method: about.name } })),
  { name: "mae, uniformity", settings: { method: "mae", uniformity: 0.5 } },
  { name: "simclr, local views", settings: { method: "simclr", size: 32, local_views: 2, local_size: 16 } },
  // Maps of one place, normalised over 16 images: in five steps at 0.05 a relative change of 6e-8 in the first weights becomes 0.04.
  { name: "simclr, ResNet", settings: { method: "simclr", encoder: "resnet18", size: 16 }, lr: 1e-5 },
  { name: "byol, ResNet", settings: { method: "byol", encoder: "resnet18", size: 16 }, lr: 1e-5 },
  { name: "simclr, micro-batches", settings: { method: "simclr", micro_batch: 4 } },
  {
    name: "byol, recomputed",
    settings: { method: "byol", activation_checkpointing: true },
  },
  { name: "mocov3, drop path", settings: { method: "mocov3", drop_path: 0.3 } },
];

function configOf({ settings }: Case): Config {
  const definition = METHODS.find(({ about }) => about.name === settings.method)!;
  const own = Object.fromEntries(Object.entries(SMALL).filter(([key]) => key in definition.schema));
  const vit = settings.encoder === undefined && (definition.about.encoders as readonly string[]).includes("vit_tiny");
  const shared = {
    encoder: vit ? "vit_tiny" : "resnet18",
    size: vit ? 32 : 16,
    batch: BATCH,
    ...(vit && { patch: 8 }),
  };
  return resolveConfig({ flags: { preset: "small", ...shared, ...own, ...settings } });
}

/** For methods that learn from one: the same on all ranks. */
function teacherOf({ method, channels }: Config): Teacher | null {
  const { about } = METHODS.find((one) => one.about.name === method)!;
  if (!("teacher" in about)) return null;
  const count = Number(channels === "auto" ? 3 : channels);
  const options = { size: 24, patch: 8, width: 24, depth: 1, heads: 2, channels: count } as const;
  const view = { size: 24, mean: Array(count).fill(0.4), std: Array(count).fill(0.2) };
  return new Teacher(buildEncoder({ family: "vit", ...options }), view);
}

interface Outcome {
  losses: number[];
  gradient: Map<string, Tensor>;
  weights: Map<string, Tensor>;
}

/** Gradients of the first step, and what five steps of SGD make of all that the method holds. */
function trained(config: Config, lr: number, place: { rank: number; world: number }): Outcome {
  const { rank, world } = place;
  const local = BATCH / world;
  manualSeed(3);
  const method: Method = createMethod(config, undefined, teacherOf(config)).train();
  nn.syncBatchNorm(method, world > 1);
  const batches = scope(() =>
    Array.from({ length: STEPS }, () =>
      method.views.map(({ count, size }) => {
        const all = randn([count, BATCH, 3, size, size]);
        return keep(
          all
            .narrow(1, rank * local, local)
            .reshape([count * local, 3, size, size])
            .clone(),
        );
      }),
    ),
  );
  const copies = (of: Iterable<[string, Tensor]>) =>
    new Map(noGrad(() => [...of].map(([name, tensor]) => [name, keep(tensor.detach().clone())] as const)));
  const { micro_batch: microBatch, activation_checkpointing: recompute } = config;
  const gradient = scope(() => {
    const before = method.stateDict();
    const kept = copies(Object.entries(before));
    gradients({
      ...{ method, views: batches[0]!, microBatch, recompute, device: "cpu", precision: "fp32" as const },
      progress: { ...stepOn(BATCH), draws: stepOn(BATCH).draws.narrow(rank * local, local) },
    });
    averageOverRanks(method);
    const found = copies(
      // What is frozen at first has none.
      method.namedParameters().flatMap(([name, { grad }]) => (grad ? [[name, grad] as [string, Tensor]] : [])),
    );
    method.zeroGrad();
    // Running statistics have moved.
    noGrad(() => {
      for (const [name, tensor] of Object.entries(before)) tensor.copy_(kept.get(name)!);
    });
    for (const tensor of kept.values()) tensor.dispose();
    return found;
  });
  const optimizer = new optim.SGD(method.parameters(), { lr });
  const losses = batches.map((views, i) => {
    const { loss } = trainStep({
      ...{ method, optimizer, views, device: "cpu", precision: "fp32" as const, clip: null },
      ...{ microBatch, recompute, seed: 0, first: rank * local },
      progress: { step: i + 1, total: STEPS, epoch: 1 },
    });
    for (const view of views) view.dispose();
    return loss;
  });
  const weights = copies(Object.entries(method.stateDict()).filter(([, { dtype }]) => dtype === "float32"));
  optimizer.dispose();
  method.dispose();
  return { losses, gradient, weights };
}

/** Distance of two sets of tensors, relative to the length of the first. */
function relative(a: ReadonlyMap<string, Tensor>, b: ReadonlyMap<string, Tensor>): number {
  return scope(() =>
    noGrad(() => {
      const square = (t: Tensor) => t.to({ dtype: "float64" }).square().sum().item();
      let [difference, length] = [0, 0];
      for (const [name, tensor] of a) {
        difference += square(tensor.sub(b.get(name)!));
        length += square(tensor);
      }
      return Math.sqrt(difference / length);
    }),
  );
}

function largest(a: ReadonlyMap<string, Tensor>, b: ReadonlyMap<string, Tensor>): [number, string] {
  return scope(() => {
    const each = [...a].map(
      ([name, tensor]) => [tensor.sub(b.get(name)!).abs().amax().item(), name] as [number, string],
    );
    return each.sort(([x], [y]) => y - x)[0]!;
  });
}

async function main() {
  const rank = Number(process.env.RANK);
  const configs = cases.map((one) => ({ name: one.name, lr: one.lr ?? 0.05, config: configOf(one) }));
  // Each rank has half of the references, and tells of those.
  const mine = (i: number) => i % WORLD === rank;
  const alone = configs.map(({ config, lr }, i) => (mine(i) ? trained(config, lr, { rank: 0, world: 1 }) : null));
  await distributed.initProcessGroup({ timeout: 600 });
  const found = configs.map(({ name, config, lr }, i) => {
    const own = trained(config, lr, { rank, world: WORLD });
    const sum = scope(() =>
      [...own.weights.values()].reduce((total, t) => total + t.to({ dtype: "float64" }).sum().item(), 0),
    );
    const reference = alone[i];
    if (!reference) return { name, sum };
    return {
      name,
      sum,
      gradient: relative(reference.gradient, own.gradient),
      gradients: reference.gradient.size,
      weights: largest(reference.weights, own.weights),
      loss: Math.max(...own.losses.map((loss, step) => Math.abs(loss - reference.losses[step]!))),
      moved: reference.losses[0] !== reference.losses[STEPS - 1],
    };
  });
  distributed.destroyProcessGroup();
  console.log(JSON.stringify(found));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
