// unlabel weights inspect FILE: what weights are, which encoder they would load into, and what is missing or left aside.
import type { Command } from "commander";
import { counted, visible } from "../base/text.ts";
import type { EncoderConfig } from "../encoders/facts.ts";
import type { InspectedWeights } from "../encoders/weights/inspect.ts";
import type { WeightsSource } from "../encoders/weights/open-weights.ts";
import { finish, paint, prose } from "./output.ts";
import { named, whole } from "./settings.ts";

interface Options {
  prefix?: string;
  size?: string;
  channels?: string;
  all?: boolean;
  json?: boolean;
}

const WIDTH = 80;

export function addWeightsInspect(weights: Command): void {
  weights
    .command("inspect")
    .description("say what a file holds, and which encoder it would load into")
    .argument(
      "<file>",
      "a .safetensors, .pth, .pt or .bin file, a folder of timm's or transformers', a run, or hub:ORG/NAME",
    )
    .option("--prefix <text>", "look behind this prefix alone, as in teacher.backbone.", named)
    .option("--size <px>", "for images of that edge: which positions would be interpolated")
    .option("--channels <n>", "for images of so many channels")
    .option("--all", "a line for each tensor")
    .action((file: string, _: Options, command: Command) => inspectCommand(file, command.optsWithGlobals<Options>()));
}

async function inspectCommand(path: string, { prefix, size, channels, all, json }: Options): Promise<void> {
  const wanted = {
    ...(size !== undefined && { size: whole("--size", size, 1, 65_536) }),
    ...(channels !== undefined && { channels: whole("--channels", channels, 1, 65_536) }),
  };
  const [{ openSource }, { inspected }] = await Promise.all([
    import("../run/open-source.ts"),
    import("../encoders/weights/inspect.ts"),
  ]);
  const source = await openSource(path, { prefix });
  try {
    const found = inspected(source, wanted);
    finish(json === true, found, await lines(source, found, all === true));
  } finally {
    source.close();
  }
}

async function lines(source: WeightsSource, found: InspectedWeights, all: boolean): Promise<string[]> {
  const { tensorLines } = await import("../encoders/weights/tensor-lines.ts");
  const { encoder, preprocessing } = found;
  const facts: [string, string][] = [
    ["file", `${source.path}: ${found.format}, ${counted(found.tensors.length, "tensor")}`],
    ...(found.producer === null ? [] : [["from", found.producer] as [string, string]]),
    ...(found.parts.length > 0 ? [["holds", partsOf(found)] as [string, string]] : []),
    ...(encoder === null
      ? [["is", `${found.instead}; encoders known: ${found.known.join(", ")}`] as [string, string]]
      : ([
          ["encoder", encoder.described],
          ["names", `${encoder.names}${encoder.prefix ? `, behind ${encoder.prefix}` : ""}`],
          ["loads", "config" in encoder.loads ? loads(encoder.loads.config) : `into no encoder: ${encoder.loads.why}`],
        ] as [string, string][])),
    ...(preprocessing ? [["images", imagesOf(preprocessing)] as [string, string]] : []),
    ...(found.licence === null ? [] : [["licence", found.licence] as [string, string]]),
  ];
  const told = facts.map(([name, value]) => `${paint("bold", name.padEnd(8))} ${indented(value, 9)}`);
  const warn = (text: string) => `${paint("yellow", "•")} ${indented(text, 2)}`;
  return [
    ...told,
    ...found.calls.map((name) =>
      warn(`it calls ${name} where Python opens it without weights_only; here that was left inert`),
    ),
    ...found.notes.map(warn),
    ...(encoder?.others.length ? [warn(`behind ${encoder.others.join(", ")} is one as well; --prefix takes it`)] : []),
    ...(encoder ? listed(encoder) : []),
    "",
    ...tensorLines(found.tensors, WIDTH, all),
  ];
}

function loads(config: EncoderConfig): string {
  const { encoder, ...settings } = config;
  // A ResNet has no patch.
  const told = Object.entries(settings).filter(
    ([key]) => !(key === "patch" && /^(wide_)?resnet|^convnext/.test(encoder)),
  );
  return `into ${[encoder, ...told.map(([key, value]) => `${key}=${value}`)].join(", ")}`;
}

function partsOf({ parts }: InspectedWeights): string {
  const told = parts.slice(0, 8).map(({ key, tensors, what }) => {
    const name = `'${visible(key)}'`;
    return tensors > 0 ? `${name} with ${counted(tensors, "tensor")}` : `${name} (${visible(what)})`;
  });
  return `${told.join(", ")}${parts.length > 8 ? ` and ${parts.length - 8} more` : ""}`;
}

function imagesOf({
  mean,
  std,
  size,
  interpolation,
  cropShare,
}: NonNullable<InspectedWeights["preprocessing"]>): string {
  return [
    ...(size === null ? [] : [`${size} px`]),
    ...(interpolation === null ? [] : [interpolation]),
    ...(cropShare === null ? [] : [`crop ${cropShare}`]),
    `mean ${mean.join(" ")}`,
    `std ${std.join(" ")}`,
  ].join(", ");
}

function listed(encoder: NonNullable<InspectedWeights["encoder"]>): string[] {
  const some = (names: readonly string[], most = 4) =>
    `${names.slice(0, most).map(visible).join(", ")}${names.length > most ? ", …" : ""}`;
  const mark = (colour: "red" | "yellow", sign: string, text: string) => `${paint(colour, sign)} ${indented(text, 2)}`;
  return [
    ...(encoder.missing.length > 0
      ? [mark("red", "✗", `missing: ${counted(encoder.missing.length, "tensor")} (${some(encoder.missing)})`)]
      : []),
    ...(encoder.unexpected.length > 0
      ? [mark("red", "✗", `no place for ${counted(encoder.unexpected.length, "tensor")} (${some(encoder.unexpected)})`)]
      : []),
    ...encoder.reshaped.map(({ name, how }) => mark("yellow", "•", `reshaped: ${name}, ${how}`)),
    ...encoder.aside.map(({ what, names }) =>
      mark("yellow", "•", `left aside: ${counted(names.length, "tensor")}, ${what} (${some(names, 2)})`),
    ),
  ];
}

/** Broken at spaces, what follows the first line set in. */
function indented(text: string, indent: number): string {
  return prose(visible(text), WIDTH - indent).replaceAll("\n", `\n${" ".repeat(indent)}`);
}
