// unlabel search RUN IMAGE: the images of a source that are nearest to one image, as a table or as a page with thumbnails.
import { dirname } from "node:path";
import type { Command } from "commander";
import { makeFolder, writeAtomically } from "../base/files.ts";
import { visible } from "../base/text.ts";
import { addMachine, type EvaluationFlags, evaluatedWords, given, RUN, weightsWords } from "./evaluation.ts";
import { duration, finish, paint, table } from "./output.ts";
import { addPage, type PageOptions, pageGiven } from "./page-option.ts";
import { named } from "./settings.ts";

interface Options extends EvaluationFlags, PageOptions {
  in: string;
}

/** Edge of a thumbnail on the page, in pixels. */
const THUMBNAIL = 160;

export function addSearch(program: Command): void {
  const command = program
    .command("search")
    .description("find the images nearest to one image")
    .argument("<run>", RUN)
    .argument("<image>", "the image to search with")
    .requiredOption("--in <data>", "images to search, labelled or not", named)
    .option("-k, --k <n>", "how many to find (default: 10)")
    .option("--size <px>", "edge of the images (default: as trained)");
  addPage(addMachine(command), "write a page with thumbnails").action(
    (run: string, image: string, _: Options, called: Command) => act(run, image, called.optsWithGlobals<Options>()),
  );
}

async function act(path: string, image: string, options: Options): Promise<void> {
  const { common, own } = await given(path, { ...options, data: options.in }, ["k"]);
  const { search } = await import("../eval/search.ts");
  const page = await pageGiven(options);
  const html = options.output ?? options.html;
  const thumbnails = page === undefined ? undefined : THUMBNAIL;
  const { thumbnails: pictures, ...result } = await search(path, image, options.in, { ...common, ...own, thumbnails });
  if (page !== undefined) {
    const [{ searchSheet }, { unbroken }] = await Promise.all([
      import("./search-sheet.ts"),
      import("../base/signals.ts"),
    ]);
    makeFolder(dirname(page));
    const sheet = searchSheet(result, pictures, THUMBNAIL);
    unbroken(() => writeAtomically(page, sheet));
  }
  const { found, images, skipped, cached, seconds, weights_average } = result;
  const classes = found.some((one) => one.class !== null);
  finish(
    options.json === true,
    { ...evaluatedWords(path, result.source), ...result, ...(html !== undefined && { html }) },
    [
      `${paint("bold", visible(image))}: the nearest of ${images} images${cached || result.source ? "" : ", encoded once"}${weightsWords(weights_average)} (${duration(seconds)})`,
      table([
        ["similarity", ...(classes ? ["class"] : []), "image"],
        ...found.map((one) => [
          one.similarity.toFixed(3),
          ...(classes ? [visible(one.class?.split(",")[0] ?? "")] : []),
          visible(one.path),
        ]),
      ]),
      ...(html === undefined ? [] : [`Page: ${paint("bold", html)}`]),
      ...(skipped > 0 ? [`note: ${skipped === 1 ? "1 image" : `${skipped} images`} could not be read: left out`] : []),
    ],
  );
}
