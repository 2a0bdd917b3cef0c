// Ranks that evaluate meet before they look at anything: what then fails on one of them is told on rank 0, with its number.
import { codeDigest } from "../base/code-digest.ts";
import { versionOfUnlabel } from "../base/version.ts";
import type { RankGroup } from "../train/rank-group.ts";
import { ranksFromEnv } from "../train/ranks-env.ts";
import type { MachineOptions } from "./session.ts";

/**
 * Runs `body` among the ranks that a launcher has started, with options that all of them share; alone where it has started none, or the
 * caller's ranks have met already.
 *
 * @param facts that must be the same on all ranks, by what they are called
 * @throws {UserError} where ranks are missing, lost, or differ in these
 */
export async function together<O extends MachineOptions, T>(
  options: O,
  facts: Record<string, unknown>,
  body: (options: O) => Promise<T>,
): Promise<T> {
  if (options.ranks !== undefined) return body(options);
  const ranks = ranksFromEnv();
  if (ranks.worldSize === 1) return body(options);
  const [{ joinForTraining }, { engineInfo }, { chooseDevice }, { choosePrecision }] = await Promise.all([
    import("../train/join.ts"),
    import("@unlabel/torch"),
    import("../train/machine.ts"),
    import("../train/precision.ts"),
  ]);
  const { device = "auto", precision = "auto" } = options;
  const group = await joinForTraining(ranks, { flags: { device } });
  try {
    const [unlabel, libtorch] = [versionOfUnlabel(), engineInfo().version];
    const code = codeDigest();
    await group.same({
      ...{ "version of unlabel": unlabel, "version of LibTorch": libtorch, "code of unlabel": code },
      ...facts,
    });
    // Which format is faster is measured, and one process measures once.
    const settled = await group.fromFirst(() =>
      choosePrecision(precision, chooseDevice(device, engineInfo(), ranks.localRank), engineInfo()),
    );
    const done = await body({ ...options, precision: settled, ranks: group });
    group.leave();
    return done;
  } catch (thrown) {
    const error = group.explained(thrown);
    group.leave(error);
    throw error;
  }
}

/** Holds against the other ranks' what this one has opened: its images, its weights. */
export async function sameOnAll(group: RankGroup | undefined, facts: Record<string, unknown>): Promise<void> {
  await group?.same(facts);
}

/** Does on each rank what rank 0 has done before: what that fetches once is there, and what it refuses is said once. */
export async function afterFirst<T>(group: RankGroup | undefined, body: () => Promise<T>): Promise<T> {
  if (group && !group.first) await group.meet();
  const done = await body();
  if (group?.first) await group.meet();
  return done;
}
