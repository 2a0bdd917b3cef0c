// What bench `methods` measures: every method on the encoders that it is for, the settings that are tried for each, and the reasons of those that
// have no row or do not stand above the encoder that they began with.
import { createHash } from "node:crypto";
import type { Config } from "../packages/unlabel/src/config/common.ts";
import type { About } from "../packages/unlabel/src/methods/about.ts";
import { ABOUTS } from "../packages/unlabel/src/methods/abouts.ts";
import { methodNamed } from "../packages/unlabel/src/methods/registry.ts";
import type { IndicatorSize } from "../packages/unlabel/src/run/evaluations.ts";
import { fittedTo } from "./fitted.ts";

/** A method, or one of its variants, on an encoder. */
export interface Contender {
  /** "simclr resnet18", "dcl resnet18". */
  name: string;
  method: string;
  encoder: Encoder;
  /** What makes the variant, over the preset's settings. */
  variant?: Given;
}

/** Settings, as flags name them. */
export type Given = Readonly<Record<string, number | string | boolean>>;

/** The same with the method that is trained. */
export type MethodGiven = Given & { method: string };

/** Settings that are tried: what they are called, and over the preset's. */
export interface Trial {
  name: string;
  settings: Given;
  /** The trial that makes this one needless where it is better than the first: a lower rate where a higher one has won. */
  unless?: string;
}

type Encoder = "resnet18" | "vit_tiny";

/** ResNets at half the size of what is evaluated and with a cheap stem, ViTs with small patches: what presets `small` have for images of this kind. */
const SHAPES: Record<Encoder, Given> = {
  resnet18: { encoder: "resnet18", stem: "7x7", size: 64, eval_size: 128 },
  vit_tiny: { encoder: "vit_tiny", patch: 8, size: 64, eval_size: 64 },
};

/** Those that are measured on both encoders, whatever their preset has. */
const BOTH = ["dino", "lejepa", "swav"];

/** Methods of the literature that are settings of another here: what they are called, whose they are, and which. */
export const VARIANTS: Readonly<Record<string, { title: string; method: string; settings: Given }>> = {
  dcl: { title: "DCL", method: "simclr", settings: { decoupled: true } },
  dclw: { title: "DCLW", method: "simclr", settings: { decoupled: true, positive_sigma: 0.5 } },
};

/** Methods whose lightly counterpart stands beside them. */
export const PEERS = ["simclr", "byol", "swav", "dino", "vicreg", "barlow"] as const;

/** The lr of a trial, times that of the preset. */
const RATES = [3, 1 / 3];

/** A copy that follows more closely: a run of minutes has few steps, and a slow copy stays what was drawn. */
const CLOSER: Trial = { name: "momentum 0.95", settings: { momentum_start: 0.95 } };

/** What else is tried, where a method has something that its results are known to hang on. */
const OWN: Readonly<Record<string, Trial>> = {
  simclr: { name: "crops from 0.08", settings: { crop_min: 0.08 } },
  byol: CLOSER,
  mocov2: CLOSER,
  mocov3: CLOSER,
  dino: CLOSER,
  ibot: CLOSER,
  mae: { name: "mask 0.6", settings: { mask_ratio: 0.6 } },
  simmim: { name: "mask 0.5", settings: { mask_ratio: 0.5 } },
  ijepa: { name: "momentum 0.99", settings: { momentum_start: 0.99 } },
  lejepa: { name: "λ 0.02", settings: { sigreg_weight: 0.02 } },
  // Its paper's optimizer.
  simsiam: { name: "SGD, lr 0.05", settings: { optimizer: "sgd", lr: 0.05 } },
  // Preset auto takes none: what this one costs stays shown.
  swav: { name: "queue", settings: { queue: 1024 } },
  visreg: { name: "λ 0.9", settings: { regulation_weight: 0.9 } },
};

/** Why a contender has no row, by its name. Whoever adds one says what would have to change. */
export const NO_ROW: Readonly<Record<string, string>> = {
  "distill resnet18": "it learns from a teacher's weights, where all others begin with nothing",
};

const FEW_PASSES = (passes: string, paper: string) =>
  `five minutes are ${passes} over the images, where its paper trains for ${paper}; what longer ones give was not measured`;

/** Why a contender does not stand above the encoder that it began with, by its name. */
export const NOT_ABOVE: Readonly<Record<string, string>> = {
  "byol resnet18": FEW_PASSES("three passes", "1,000"),
  "simsiam resnet18":
    "in four passes over the images its features come to vary in two directions (RankMe); its paper trains for 100 to 800, and neither its SGD nor another rate did better here",
  "dino resnet18": FEW_PASSES("two and a half passes", "100 to 800"),
  "simmim vit_tiny": FEW_PASSES("two passes", "100 to 800"),
  "lightly byol": FEW_PASSES("less than two passes", "1,000"),
  "lightly swav": FEW_PASSES("one pass", "100 to 800"),
  "lightly dino": FEW_PASSES("one pass", "100 to 800"),
  "ijepa vit_tiny": FEW_PASSES("one and a half passes", "300 to 600"),
};

/**
 * What indicators look at in every row alike: left alone, `evaluate` looks at as many images as a fifth of the training's time allows, and RankMe follows
 * how many these are.
 */
export const LOOKED: IndicatorSize = { images: 2048, viewed: 128 };

/** What a row may be of: contenders, and lightly's methods. */
export function rowNames(): string[] {
  return [...contenders().map(({ name }) => name), ...PEERS.map((method) => `lightly ${method}`)];
}

/** Every method that comes with unlabel, on the encoders that it is measured on; variants after the method that they are of. */
export function contenders(abouts: readonly About[] = ABOUTS): Contender[] {
  return abouts.flatMap((about) => {
    const own = encodersOf(about).map((encoder) => ({ name: `${about.name} ${encoder}`, method: about.name, encoder }));
    const variants = Object.entries(VARIANTS).filter(([, { method }]) => method === about.name);
    const others = variants.flatMap(([name, { settings }]) =>
      own.map((one) => ({ ...one, name: `${name} ${one.encoder}`, variant: settings })),
    );
    return [...own, ...others];
  });
}

function encodersOf({ name, encoders, presets }: About): Encoder[] {
  const can = (["resnet18", "vit_tiny"] as const).filter((encoder) => encoders.includes(encoder));
  if (BOTH.includes(name)) return can;
  const usual = can.find((encoder) => encoder === presets.small?.encoder);
  return [usual ?? can[0]!];
}

/** At most four: the preset, its lr times 3 and a third, and, where there is one, one of the method's own. */
export function trialsOf({ method }: Contender): Trial[] {
  const { presets } = methodNamed(method).about;
  const lr = Number(presets.small?.lr);
  const rates = RATES.map((factor) => ({
    name: `lr × ${factor < 1 ? "⅓" : factor}`,
    settings: { lr: Number((lr * factor).toPrecision(2)) },
    ...(factor < 1 && { unless: `lr × ${RATES[0]}` }),
  }));
  return [{ name: "preset", settings: {} }, ...rates, ...(OWN[method] ? [OWN[method]] : [])];
}

/** The settings that a contender has in every run, with those of a trial over them. */
export function settingsOf({ method, encoder, variant }: Contender, trial: Trial): MethodGiven {
  const shape = Object.entries(SHAPES[encoder]).filter(([key]) => key !== "stem" || "stem" in definedBy(method));
  return { method, ...Object.fromEntries(shape), ...variant, ...trial.settings };
}

/** As the command line takes them. */
export function flagsOf(settings: Given): string[] {
  return Object.entries(settings).flatMap(([key, value]) =>
    key === "method" || key === "encoder" ? [`--${key}`, String(value)] : ["--set", `${key}=${value}`],
  );
}

function definedBy(method: string): object {
  return methodNamed(method).schema;
}

/** A digest of what preset auto makes of these settings and images on a CPU, whatever the length: the same settings, the same digest. */
export async function digestOf(images: string, settings: MethodGiven): Promise<string> {
  return digest((await fittedTo(images, { ...settings, steps: 1 })).config);
}

function digest(config: Config): string {
  const { seed: _seed, threads: _threads, device: _device, online: _online, steps: _steps, ...rest } = config;
  return createHash("sha256").update(JSON.stringify(rest)).digest("hex").slice(0, 12);
}
