// unlabel probe RUN: how well a linear layer reads classes off a run's frozen features, beside what needed no training.
import type { Command } from "commander";
import { addCommon, type EvaluationFlags, evaluatedWords, given, lines, summary } from "./evaluation.ts";
import { finish } from "./output.ts";

export function addProbe(program: Command): void {
  addCommon(program.command("probe").description("fit a linear classifier on frozen features and score it"))
    .option("--solver <sgd|lbfgs>", "how to fit (default: sgd)")
    .option("--epochs <n>", "passes over the features (default: 100)")
    .option("--batch <n>", "features a step (default: 256)")
    .option("--lr <rate>", "peak learning rate (default: chosen on a tenth of train)")
    .option("--weight-decay <d>", "penalty on the weights (default: chosen likewise)")
    .action((run: string, _: EvaluationFlags, command: Command) =>
      act(run, command.optsWithGlobals<EvaluationFlags>()),
    );
}

async function act(path: string, options: EvaluationFlags): Promise<void> {
  const { data, common, own } = await given(path, options, ["solver", "epochs", "batch", "lr", "weight_decay"]);
  const { evaluateAny } = await import("../eval/evaluate.ts");
  const { evaluations: found, source } = await evaluateAny(path, data, {
    ...common,
    protocols: ["linear"],
    linear: own,
    pictures: false,
  });
  const { linear } = found;
  // Ranks other than 0 only encode.
  if (linear === undefined) return;
  finish(
    options.json === true,
    { ...summary(linear), ...evaluatedWords(path, source) },
    lines(path, found, linear.seconds, source),
  );
}
