// Lives 1,000 made-up labelling sessions of each of several kinds, through the code of the page, and prints how often every interval held the
// truth at every look. `npx tsx packages/unlabel/src/testing/label-coverage.ts [SESSIONS]`; ends with 1 where fewer than 95 % did.
import type { LabelSession } from "../label/session.ts";
import { type Lived, live, type World } from "./label-world.ts";

/** People who stop when they like what they see: it is settled, or one run is far ahead. */
const whenLiked = (session: LabelSession) => {
  const { settled, rivals, draws } = session.standing;
  return settled || (draws > 12 && rivals.some(({ mean }) => mean > 0.4));
};
const never = () => false;

const KINDS: readonly (readonly [name: string, world: World, stop: (session: LabelSession) => boolean])[] = [
  ["two alike, stopped when liked", { count: 60, classes: 3, dim: 3, signals: [0.8, 0.8] }, whenLiked],
  ["two alike, watched to the end", { count: 36, classes: 3, dim: 3, signals: [0.8, 0.8] }, never],
  ["one better, stopped when liked", { count: 80, classes: 4, dim: 4, signals: [1.6, 0.6], most: 80 }, whenLiked],
  ["one better, watched to the end", { count: 36, classes: 2, dim: 3, signals: [2, 0.2] }, never],
  ["three runs, some skipped", { count: 48, classes: 2, dim: 3, signals: [1, 0.8, 0.6], skips: 0.1 }, whenLiked],
];

const sessions = Number(process.argv[2] ?? 1000);
const share = (lived: readonly Lived[], of: (one: Lived) => boolean) =>
  `${((100 * lived.filter(of).length) / lived.length).toFixed(1)} %`;
for (const [name, world, stop] of KINDS) {
  const lived = Array.from({ length: sessions }, (_, seed) => live(world, seed, stop));
  const draws = lived.reduce((sum, one) => sum + one.draws, 0) / sessions;
  const held = lived.filter((one) => one.held).length / sessions;
  if (held < 0.95) process.exitCode = 1;
  console.log(
    `${name}: held throughout in ${share(lived, (one) => one.held)} of ${sessions}, settled for the wrong run in ${share(lived, (one) => one.misled)}, settled at the end in ${share(lived, (one) => one.settled)}, ${draws.toFixed(0)} draws on average`,
  );
}
