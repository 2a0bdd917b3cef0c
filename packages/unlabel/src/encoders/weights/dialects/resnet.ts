// ResNets as torchvision, timm, lightly (a sequence of torchvision's parts) and transformers name them. Ours are torchvision's.
import type { Dialect } from "./dialect.ts";
import type { Renaming } from "./pattern.ts";

const BLOCK: readonly Renaming[] = [1, 2, 3, 4].flatMap((stage): Renaming[] => [
  [`layer${stage}.*.{conv1|bn1|conv2|bn2|conv3|bn3}.`, ""],
  [`layer${stage}.*.downsample.{0|1}.`, ""],
]);

/** Patterns of our own names stand for themselves. */
const same = (patterns: readonly Renaming[]): Renaming[] =>
  patterns.flatMap(([pattern]) => {
    const choices = /\{([^}]*)\}/.exec(pattern);
    return (choices?.[1]?.split("|") ?? [""]).map((choice): Renaming => {
      const name = choices ? pattern.replace(choices[0], choice) : pattern;
      return [name, name];
    });
  });

/** A table for stages that another program counts or calls otherwise. */
const moved = (table: readonly Renaming[], theirs: (stage: number) => string): Renaming[] =>
  table.map(([, ours]) => [ours.replace(/^layer(\d)/, (_, stage: string) => theirs(Number(stage))), ours]);

const NAMES = [...same([["conv1.weight", ""]]), ...same([["bn1.", ""]]), ...same(BLOCK)];
const CLASSIFIER = [
  ["{fc|head|classifier|last_linear}.", "a classifier"],
  ["{projection_head|projector|projection|predictor|prototypes|proj|mlp}.", "a projection head"],
] as const;

const torchvision: Dialect = {
  whose: "torchvision and timm",
  family: "resnet",
  anchor: "conv1.weight",
  names: NAMES,
  aside: CLASSIFIER,
};

/** `nn.Sequential(*list(resnet.children())[:-1])`, as lightly's and many others' examples make backbones. */
const sequence: Dialect = {
  whose: "a sequence of torchvision's parts (as in lightly)",
  family: "resnet",
  anchor: "0.weight",
  names: [["0.weight", "conv1.weight"], ["1.", "bn1."], ...moved(same(BLOCK), (stage) => String(stage + 3))],
  aside: CLASSIFIER,
};

const transformers: Dialect = {
  whose: "transformers",
  family: "resnet",
  anchor: "embedder.embedder.convolution.weight",
  names: [
    ["embedder.embedder.convolution.", "conv1."],
    ["embedder.embedder.normalization.", "bn1."],
    ...[0, 1, 2, 3].flatMap((stage) => [
      ...[0, 1, 2].flatMap((k): Renaming[] => [
        [`encoder.stages.${stage}.layers.*.layer.${k}.convolution.`, `layer${stage + 1}.*.conv${k + 1}.`],
        [`encoder.stages.${stage}.layers.*.layer.${k}.normalization.`, `layer${stage + 1}.*.bn${k + 1}.`],
      ]),
      [`encoder.stages.${stage}.layers.*.shortcut.convolution.`, `layer${stage + 1}.*.downsample.0.`] as const,
      [`encoder.stages.${stage}.layers.*.shortcut.normalization.`, `layer${stage + 1}.*.downsample.1.`] as const,
    ]),
  ],
  aside: [["classifier.", "a classifier"]],
};

/** ResNets' names. */
export const RESNET_DIALECTS: readonly Dialect[] = [torchvision, sequence, transformers];
