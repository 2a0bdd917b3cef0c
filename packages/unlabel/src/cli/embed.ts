// unlabel embed RUN DATA: features of every image, in a file that other tools read.
import type { Command } from "commander";
import { addMachine, type EvaluationFlags, evaluatedWords, given, RUN, weightsWords } from "./evaluation.ts";
import { duration, finish, paint } from "./output.ts";
import { named } from "./settings.ts";

interface Options extends EvaluationFlags {
  output: string;
  tokens?: boolean;
}

export function addEmbed(program: Command): void {
  addMachine(
    program
      .command("embed")
      .description("write the features of all images to a file")
      .argument("<run>", RUN)
      .argument("<data>", "images, labelled or not")
      .requiredOption("-o, --output <file>", "a .npy, .parquet, .safetensors or .csv file", named)
      .option("--tokens", "a vector for each place of an image, [N, h, w, D]; .npy or .safetensors")
      .option("--size <px>", "edge of the images (default: as trained)"),
  ).action((run: string, data: string, _: Options, command: Command) =>
    act(run, data, command.optsWithGlobals<Options>()),
  );
}

async function act(path: string, data: string, options: Options): Promise<void> {
  const { common } = await given(path, { ...options, data }, []);
  const { embed } = await import("../eval/embed.ts");
  const done = await embed(path, data, options.output, { ...common, tokens: options.tokens === true });
  const { files, images, shape, skipped, seconds, weights_average } = done;
  finish(options.json === true, { ...evaluatedWords(path, done.source), ...done }, [
    `${images} images × ${shape.slice(1).join(" × ")} ${options.tokens ? "tokens" : "features"} in ${paint("bold", files[0]!)}${weightsWords(weights_average)} (${duration(seconds)})`,
    ...(files[1] ? [`Which row is which image: ${files[1]}`] : []),
    ...(skipped > 0 ? [`note: ${skipped === 1 ? "1 image" : `${skipped} images`} could not be read: left out`] : []),
  ]);
}
