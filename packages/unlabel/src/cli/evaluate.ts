// unlabel evaluate RUN: several protocols over features that are encoded once, and on request the whole network trained with labels.
import type { Command } from "commander";
import { writeAtomically } from "../base/files.ts";
import { outputFile } from "../base/output-file.ts";
import { unbroken } from "../base/signals.ts";
import { choice } from "../config/words.ts";
import { PROTOCOLS, type Protocol } from "../run/evaluations.ts";
import { addCommon, type EvaluationFlags, evaluatedWords, given, lines, withoutPredictions } from "./evaluation.ts";
import { finish, paint } from "./output.ts";
import { named } from "./settings.ts";

interface Options extends EvaluationFlags {
  protocols?: string;
  output?: string;
  pictures: boolean;
}

const NAMES = ["solver", "lr", "weight_decay", "k", "temperature", "shares", "epochs", "batch", "indicator_images"];

export function addEvaluate(program: Command): void {
  addCommon(program.command("evaluate").description("score an encoder by several protocols, beside baselines"))
    .option("--protocols <list>", `of ${PROTOCOLS.join(", ")} (default: the first four; without labels: indicators)`)
    .option("--k <n>", "kNN: neighbours that vote (default: 20)")
    .option("--temperature <t>", "kNN: the lower, the more the nearest count (default: 0.07)")
    .option("--shares <list>", "few-shot: shares of the labels (default: 0.01,0.1,1)")
    .option("--solver <sgd|lbfgs>", "linear: how to fit (default: sgd)")
    .option("--lr <rate>", "linear: peak learning rate (default: chosen on train)")
    .option("--weight-decay <d>", "linear: penalty on the weights (default: chosen)")
    .option("--epochs <n>", "fine-tune, supervised: passes over the images (default: 20)")
    .option("--batch <n>", "fine-tune, supervised: images a step (default: 64)")
    .option(
      "--indicator-images <n>",
      "indicators: images looked at (default: as many as a fifth of the training allows)",
    )
    .option("-o, --output <file>", "a .json file for all that was found; a run's own stands in RUN/eval too", named)
    .option("--no-pictures", "leave out the map and neighbours for the report")
    .action((run: string, _: Options, command: Command) => act(run, command.optsWithGlobals<Options>()));
}

async function act(path: string, options: Options): Promise<void> {
  const began = performance.now();
  const file = options.output === undefined ? undefined : outputFile("-o", options.output, [".json"]);
  const protocols = options.protocols === undefined ? undefined : protocolsOf(options.protocols);
  const { data, common, own } = await given(path, options, NAMES);
  const { solver, lr, weight_decay, k, temperature, shares, epochs, batch, indicator_images: images } = own;
  const { evaluateAny } = await import("../eval/evaluate.ts");
  const { evaluations: found, source } = await evaluateAny(path, data, {
    ...common,
    ...(protocols && { protocols }),
    pictures: options.pictures,
    linear: set({ solver, lr, weight_decay }),
    knn: set({ k, temperature }),
    shares,
    network: set({ epochs, batch }),
    ...(images !== undefined && { looked: { images, viewed: images } }),
  });
  // Ranks other than 0 only encode.
  if (Object.keys(found).length === 0) return;
  const of = evaluatedWords(path, source);
  if (file !== undefined) unbroken(() => writeAtomically(file, `${JSON.stringify({ ...of, ...found })}\n`));
  finish(options.json === true, { ...of, ...withoutPredictions(found) }, [
    ...lines(path, found, (performance.now() - began) / 1000, source),
    ...(file === undefined ? [] : [`Everything, predictions too: ${paint("bold", file)}`]),
  ]);
}

/** @throws {UsageError} naming the one that there is not */
function protocolsOf(list: string): Protocol[] {
  return list.split(",").map((text) => choice("--protocols", text.trim(), PROTOCOLS, undefined));
}

/** Without the keys that were not given, which would hide defaults. */
function set<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
