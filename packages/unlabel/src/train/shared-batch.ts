// A batch that ranks share: how many images it has in all, which is what `batch` means from here on.
import { UsageError } from "../base/errors.ts";
import type { Config } from "../config/common.ts";
import { AUTO } from "../methods/presets.ts";
import { refuseSenseless } from "../methods/registry.ts";
import type { Plan } from "./plan.ts";
import type { RankGroup } from "./rank-group.ts";
import { localBatch } from "./ranks.ts";

/**
 * A config whose `batch` is that of all ranks: `global_batch`, or what each rank was to have times their number; a run that goes on keeps
 * its own, whatever their number now. Of preset `auto`, no more than a quarter of the images.
 *
 * @throws {UsageError} where the ranks cannot share it evenly, or the method takes no batch of that size
 */
export function shared<C extends Config>(
  config: C,
  { run, given }: Pick<Plan, "run" | "given">,
  { ranks, worldSize, several }: Pick<RankGroup, "ranks" | "worldSize" | "several">,
  images: number,
): C {
  const asked = run ? config.batch : (config.global_batch ?? config.batch * worldSize);
  const chosen = !run && config.preset === AUTO && given.batch === undefined && config.global_batch === null;
  const most = Math.max(worldSize, Math.floor(images / 4 / worldSize) * worldSize);
  const batch = chosen && several ? Math.min(asked, most) : asked;
  const own = localBatch(ranks, batch);
  const part = config.micro_batch;
  // A run that goes on with another number of ranks has a shorter part at the end of each share, which counts for as much as it holds.
  if (!run && several && part !== null && own > part && own % part !== 0) {
    throw new UsageError(
      `Expected a micro_batch that divides the ${own} images of each of ${worldSize} ranks, got ${part}; set another, or start another number of ranks`,
    );
  }
  if (batch === config.batch && !several) return config;
  const settled = { ...config, batch, ...(several && !run && { global_batch: batch }) };
  // What is no smaller than a rank's share cuts nothing.
  if (batch !== config.batch) refuseSenseless({ ...settled, micro_batch: part !== null && part >= own ? null : part });
  return settled;
}
