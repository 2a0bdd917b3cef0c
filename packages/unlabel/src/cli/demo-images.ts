// What the demo runs on: its own images, which an example makes that a clone holds and the package does not, or Imagenette.
import { join } from "node:path";
import { UsageError } from "../base/errors.ts";
import type { Archive } from "../data/fetch/catalog.ts";

/** The workspace that makes the demo's images; typed as text so that it is looked for only when the demo runs. */
const EXAMPLE: string = "unlabel-demo-data";

type BuildAnimals = (
  folder: string,
  tell: (done: number, total: number) => void,
) => Promise<{ train: number; val: number }>;

/**
 * Makes the demo's own images ready in `folder`, with a bar on stderr, and returns it.
 *
 * @throws {UsageError} where there is no clone of the project around
 */
export async function animals(folder: string): Promise<string> {
  let example: unknown;
  try {
    example = await import(EXAMPLE);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    throw new UsageError(
      "Expected --data DIR: the demo's own images come with a clone of the project, not with the package; --data imagenette fetches photographs",
    );
  }
  const { buildAnimals } = example as { buildAnimals: BuildAnimals };
  const { Progress } = await import("../train/progress.ts");
  let progress: InstanceType<typeof Progress> | undefined;
  const { train, val } = await buildAnimals(folder, (done, total) => {
    progress ??= new Progress({ total, unit: "image" });
    progress.update(done, "", "drawing");
  }).finally(() => progress?.end());
  process.stderr.write(
    `${train + val} drawings of animals in ${folder}, ${val} of them to test on (credits: ${join(folder, "ATTRIBUTION.md")})\n`,
  );
  return folder;
}

/** The archive that `--data imagenette` stands for, from `url` where one is given. */
export async function imagenette(url: string | undefined): Promise<Archive> {
  const { archiveOf } = await import("../data/fetch/catalog.ts");
  const known = archiveOf("imagenette");
  return { ...known, url: url ?? known.url };
}
