// What an export says of a run, and what its files are made from: gathered once, without LibTorch.
import { basename, resolve } from "node:path";
import { versionOfUnlabel } from "../base/version.ts";
import type { Input } from "../data/input.ts";
import { describeEncoder, type EncoderDescription } from "../encoders/description.ts";
import { aboutEncoder, type EncoderAbout, stemOf } from "../encoders/facts.ts";
import { sizeFor } from "../eval/evaluate.ts";
import type { RunDirectory } from "../run/directory.ts";
import { inheritedLicence } from "../run/licence.ts";

/** See the head of this file. */
export interface ExportFacts {
  /** The run directory's name. */
  run: string;
  /** Of the model: `resnet18-simclr`. */
  name: string;
  /** How it was trained. */
  method: { name: string; title: string; paper: string };
  /** `resnet18`, `vit_tiny`, …. */
  architecture: string;
  /** As the field spells it: ResNet-18. */
  title: string;
  /** Of architectures. */
  family: EncoderAbout["family"];
  /** Its sizes and all that sets it apart, in plain data. */
  description: EncoderDescription;
  /** A ResNet's first layer. */
  stem: "7x7" | "3x3";
  /** Whether a max-pool comes after a ResNet's stem. */
  pools: boolean;
  /** Edge of the images in pixels. */
  size: number;
  input: Input;
  /** Of values in [0, 1], one a channel. */
  mean: readonly number[];
  /** Likewise. */
  std: readonly number[];
  /** "unknown", or an identifier. */
  license: string;
  /** Version of unlabel that writes. */
  unlabel: string;
  /** The training step that the weights were saved after. */
  step: number;
  /** Decay of the momentum average that the weights are; null where they are those of that step. */
  weightsAverage: number | null;
  /** Length of the features. */
  dim: number;
  /** Length of a token. */
  width: number;
  /** Rows and columns of tokens. */
  grid: readonly [number, number];
}

/** What is known before the weights are. */
export type EarlyFacts = Omit<ExportFacts, "step" | "weightsAverage" | "dim" | "width" | "grid">;

/** @throws {UsageError} where a ViT's patch does not divide the size */
export function factsOf(run: RunDirectory, { size, license }: { size?: number; license?: string }): EarlyFacts {
  const { config, data, about, method } = run.info;
  const stem = stemOf(config);
  const { title, family } = aboutEncoder(config.encoder);
  return {
    run: basename(resolve(run.path)),
    name: `${config.encoder}-${method}`,
    method: { name: method, title: about?.title ?? method, paper: about?.paper ?? "" },
    architecture: config.encoder,
    description: describeEncoder(config),
    ...{ title, family, stem, pools: family === "resnet" && stem === "7x7" },
    size: sizeFor(config, size),
    input: data.input,
    mean: config.mean,
    std: config.std,
    license: license ?? inheritedLicence(run.info) ?? "unknown",
    unlabel: versionOfUnlabel(),
  };
}
