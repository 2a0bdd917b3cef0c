// unlabel knn RUN: how often an image's nearest neighbours have its class, beside what needed no training.
import type { Command } from "commander";
import { addCommon, type EvaluationFlags, evaluatedWords, given, lines, summary } from "./evaluation.ts";
import { finish } from "./output.ts";

export function addKnn(program: Command): void {
  addCommon(program.command("knn").description("classify by the nearest neighbours among frozen features"))
    .option("--k <n>", "neighbours that vote (default: 20)")
    .option("--temperature <t>", "the lower, the more the nearest count (default: 0.07)")
    .action((run: string, _: EvaluationFlags, command: Command) =>
      act(run, command.optsWithGlobals<EvaluationFlags>()),
    );
}

async function act(path: string, options: EvaluationFlags): Promise<void> {
  const { data, common, own } = await given(path, options, ["k", "temperature"]);
  const { evaluateAny } = await import("../eval/evaluate.ts");
  const { evaluations: found, source } = await evaluateAny(path, data, {
    ...common,
    protocols: ["knn"],
    knn: own,
    pictures: false,
  });
  const { knn } = found;
  // Ranks other than 0 only encode.
  if (knn === undefined) return;
  finish(
    options.json === true,
    { ...summary(knn), ...evaluatedWords(path, source) },
    lines(path, found, knn.seconds, source),
  );
}
