// A made-up world to label: images of a few classes, encoders that tell them more or less well, and a person who knows the truth. It
// drives the very session that the page drives, and knows what no person does: what every run would have told of every image.
import { Rng } from "../base/rng.ts";
import { type Contender, LabelSession } from "../label/session.ts";

/** What a world is made of. */
export interface World {
  /** Images. */
  count: number;
  classes: number;
  dim: number;
  /** How far apart each encoder sees the classes; 0 sees none. */
  signals: readonly number[];
  /** Answers at most; all images where absent. */
  most?: number;
  /** Share of images that the person skips. */
  skips?: number;
}

/** When somebody stops. */
export type Stop = (session: LabelSession) => boolean;

/** How a session went. */
export interface Lived {
  /** Whether every interval held the truth at every look. */
  held: boolean;
  /** Whether it was ever settled for a run that was not better. */
  misled: boolean;
  settled: boolean;
  draws: number;
}

function normal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng.uniform())) * Math.cos(2 * Math.PI * rng.uniform());
}

/** Images, their labels (null: skipped), and what each encoder makes of them. */
export function makeWorld({ count, classes, dim, signals, skips = 0 }: World, seed: number) {
  const rng = new Rng(seed, "world");
  // Classes of unequal sizes, as they are.
  const kinds = Array.from({ length: count }, () => Math.floor(classes * rng.uniform() ** 1.5));
  const contenders = signals.map((signal, run): Contender => {
    const own = new Rng(seed, "features", run);
    const centres = Array.from({ length: classes * dim }, () => normal(own));
    const features = Float32Array.from({ length: count * dim }, (_, at) => {
      const [image, axis] = [Math.floor(at / dim), at % dim];
      return signal * centres[kinds[image]! * dim + axis]! + normal(own);
    });
    return { name: `run-${run}`, features, dim };
  });
  const labels = kinds.map((kind) => (rng.uniform() < skips ? null : `class ${kind}`));
  return { labels, contenders };
}

/** Labels truthfully until `stop`, and holds every interval against the truth at every look. */
export function live(world: World, seed: number, stop: Stop): Lived {
  const { labels, contenders } = makeWorld(world, seed);
  const session = new LabelSession(contenders, world.count, seed);
  const runs = contenders.length;
  // Of every pair: sums of weights, and of weighted truths.
  const truths = new Float64Array(runs * runs);
  let [weight, draws] = [0, 0];
  let [held, misled] = [true, false];
  /** Mean over all images of what each run tells now of those that it would be drawn. */
  const now = () =>
    contenders.map(
      (_, run) => labels.reduce((sum, label, image) => sum + Number(session.tells(run, image, label)), 0) / world.count,
    );
  const count = (told: readonly number[], upTo: number) => {
    for (; draws < upTo; draws++) {
      const own = world.count / (world.count - draws);
      weight += own;
      for (let a = 0; a < runs; a++)
        for (let b = 0; b < runs; b++) truths[a * runs + b]! += own * (told[a]! - told[b]!);
    }
  };
  const look = () => {
    const { rivals, runs: all, leader } = session.standing;
    if (draws === 0) return;
    const at = (name: string) => all.findIndex((one) => one.name === name);
    const best =
      leader === null ? all.findIndex(({ name }) => rivals.every((rival) => rival.name !== name)) : at(leader);
    for (const { name, interval, settled } of rivals) {
      const truth = truths[best * runs + at(name)]! / weight;
      if (truth < interval[0] - 1e-9 || truth > interval[1] + 1e-9) held = false;
      if (settled && truth <= 0) misled = true;
    }
  };
  let told = now();
  const most = world.most ?? world.count;
  while (session.current && session.answers.length < most && !stop(session)) {
    const { image, draw } = session.current;
    const before = session.standing.draws;
    if (draw === "uniform") count(told, before + 1);
    session.answer(labels[image]!);
    // Images of the random order that were shown before count by what is known now.
    told = now();
    count(told, session.standing.draws);
    look();
  }
  return { held, misled, settled: session.standing.settled, draws };
}
