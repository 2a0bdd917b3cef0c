// The protocols on features: each asks the same of the trained encoder, the untrained one and raw pixels, and becomes one file.

import { inPercent } from "../base/numbers.ts";
import type {
  Beside,
  FewShotEvaluation,
  FewShotPoint,
  FewShotScore,
  KnnEvaluation,
  LinearEvaluation,
  LinearScore,
  Protocol,
  RetrievalEvaluation,
  Score,
} from "../run/evaluations.ts";
import { mean } from "../score/bootstrap.ts";
import { KNN, type KnnSettings, vote } from "../score/knn.ts";
import { judge, type Metrics } from "../score/metrics.ts";
import { chanceRecall, each, hits, RETRIEVAL_K } from "../score/retrieval.ts";
import { shareInterval } from "../score/shares.ts";
import type { Encoded, Source, SourceName } from "./encode.ts";
import { drawsFor, drawsOf, fewShot, INVERSE_PENALTY, SHARES } from "./few-shot.ts";
import { linearProbe, PROBE, type ProbeOutcome, type ProbeSettings } from "./linear.ts";
import { leadOf, majorityScore, predictionsOf, scoreOf } from "./scores.ts";
import type { EvaluationSession } from "./session.ts";

/** Features of a run's splits, and the step that the encoder was saved after. */
export interface Subject extends Encoded {
  session: EvaluationSession;
  step: number;
}

/** What each kind of features came to, under its name. */
type By<T> = { trained: T; untrained: T; pixels?: T };

function by<T>({ sources }: Subject, of: (source: Source) => T): By<T> {
  return Object.fromEntries(sources.map((source) => [source.name, of(source)])) as Record<SourceName, T>;
}

function classesOf({ session }: Subject): number {
  return session.data.classes.length;
}

/** Header of a file; its seconds count the encoding, as if the protocol had run alone. */
function header<P extends Protocol>(subject: Subject, protocol: P, began: number, notes: string[] = []) {
  const { session, step, kept, seconds } = subject;
  const images = { train: kept.train.length, val: kept.val.length };
  return session.header(protocol, step, images, seconds + (performance.now() - began) / 1000, notes);
}

/** Main score, baselines and leads; each has an interval, which takes a while where there are many images. */
function compare<M extends Metrics, S extends Score>(
  { session, sources, kept }: Subject,
  protocol: string,
  outcomes: By<M>,
  score: (outcome: M) => S,
) {
  const { train, val } = sources[0]!;
  const test = session.test(val.labels, kept.val);
  const { trained, untrained, pixels } = outcomes;
  using phase = session.phase(`${protocol}: intervals`, pixels ? 6 : 4, "interval");
  let done = 0;
  const counted = <T>(value: T): T => {
    phase.update(++done);
    return value;
  };
  const scored = (outcome: M) => counted(score(outcome));
  const lead = (other: M) => counted(leadOf(trained.predicted, other.predicted, test));
  const beside: Beside<S> = {
    untrained: scored(untrained),
    ...(pixels && { pixels: scored(pixels) }),
    lead: { untrained: lead(untrained), ...(pixels && { pixels: lead(pixels) }) },
  };
  return {
    ...scored(trained),
    confusion: trained.confusion,
    majority: counted(majorityScore(train.labels, test)),
    predictions: predictionsOf(test, {
      trained: trained.predicted,
      untrained: untrained.predicted,
      ...(pixels && { pixels: pixels.predicted }),
    }),
    ...beside,
  };
}

export function linear(
  subject: Subject,
  given: Partial<ProbeSettings>,
): { file: LinearEvaluation; predicted: Int32Array } {
  const began = performance.now();
  const { session, encoded, kept } = subject;
  const settings = { ...PROBE, ...given, seed: session.seed };
  const fit = ({ name, train, val }: Source) => {
    session.log(`linear probe on ${train.x.shape.join(" × ")} features: ${name}`);
    using phase = session.phase(`linear probe: ${name}`, 1, "epoch");
    return linearProbe(train, val, classesOf(subject), settings, (done, total) => phase.update(done, total));
  };
  const outcomes = by(subject, (source) => source.once(`linear probe ${JSON.stringify(settings)}`, () => fit(source)));
  const { lr, weight_decay, tried, chosen, curve, predicted } = outcomes.trained;
  const test = session.test(subject.sources[0]!.val.labels, kept.val);
  const scores = compare<ProbeOutcome, LinearScore>(subject, "linear probe", outcomes, (outcome) => ({
    ...scoreOf(outcome, test),
    lr: outcome.lr,
    weight_decay: outcome.weight_decay,
  }));
  const { solver, epochs, batch, momentum } = settings;
  const notes = chosen
    ? []
    : [`train has too few images to choose settings on: lr ${lr ?? "none"}, weight decay ${weight_decay} were taken`];
  const file: LinearEvaluation = {
    ...header(subject, "linear", began, notes),
    ...scores,
    solver,
    curve,
    settings: { size: session.view.size, encoded, solver, epochs, batch, momentum, lr, weight_decay, tried },
  };
  return { file, predicted };
}

export function knn(subject: Subject, given: Partial<KnnSettings>): { file: KnnEvaluation; predicted: Int32Array } {
  const began = performance.now();
  const { session, encoded, kept } = subject;
  const asked = { ...KNN, ...given };
  const k = Math.min(asked.k, kept.train.length);
  const settings = { k, temperature: asked.temperature };
  session.log(`${k} nearest neighbours`);
  const vote = (source: Source) =>
    source.once(`kNN ${JSON.stringify(settings)}`, () => voted(subject, source, settings));
  const outcomes = by(subject, vote);
  const test = session.test(subject.sources[0]!.val.labels, kept.val);
  const scores = compare(subject, "kNN", outcomes, (outcome) => scoreOf(outcome, test));
  const notes = k < asked.k ? [`k is ${k}, not ${asked.k}: train has no more images`] : [];
  const file: KnnEvaluation = {
    ...header(subject, "knn", began, notes),
    ...scores,
    settings: { size: session.view.size, encoded, ...settings },
  };
  return { file, predicted: outcomes.trained.predicted };
}

function voted(subject: Subject, source: Source, settings: KnnSettings): Metrics {
  const { name, train, val } = source;
  const classes = classesOf(subject);
  using phase = subject.session.phase(`kNN: ${name}`, val.labels.length, "image");
  const found = source.neighbours(settings.k, phase.update);
  return judge(vote(found, train.labels, classes, settings), val.labels, classes);
}

export function fewShots(subject: Subject, shares: readonly number[] = SHARES): FewShotEvaluation {
  const began = performance.now();
  const { session, sources, encoded, kept } = subject;
  const { train, val } = sources[0]!;
  const classes = classesOf(subject);
  const sorted = [...new Set(shares)].sort((a, b) => a - b);
  const present = new Set(train.labels).size;
  const few = sorted.filter((share) => share * train.labels.length < present);
  const points = sorted.map((share): FewShotPoint => {
    const draws = drawsFor(train.labels, share, session.seed);
    const images = draws[0]!.length;
    session.log(`few-shot: ${images} labels, ${draws.length} ${draws.length === 1 ? "draw" : "draws"}`);
    using phase = session.phase("few-shot", draws.length * sources.length, "fit");
    const scores = by<FewShotScore>(subject, (source) => {
      let done = sources.indexOf(source) * draws.length;
      const fit = () => fewShot(source.train, source.val, classes, draws, session.seed, () => phase.update(++done));
      return source.once(`few-shot ${share} ${session.seed}`, fit);
    });
    return { share, images, draws: draws.length, ...scores };
  });
  const notes = few.map(
    (share) => `${inPercent(share)} % of the labels are fewer than the classes: one of each was taken`,
  );
  return {
    ...header(subject, "few-shot", began, notes),
    settings: {
      size: session.view.size,
      encoded,
      shares: sorted,
      draws: sorted.map(drawsOf),
      inverse_penalty: INVERSE_PENALTY,
    },
    points,
    majority: majorityScore(train.labels, session.test(val.labels, kept.val)),
  };
}

export function retrieval(subject: Subject): RetrievalEvaluation {
  const began = performance.now();
  const { session, sources, encoded } = subject;
  const { train, val } = sources[0]!;
  session.log("retrieval");
  const most = Math.max(...RETRIEVAL_K);
  using phase = session.phase("retrieval", sources.length * val.labels.length, "image");
  const hitsOf = (source: Source) => {
    const before = sources.indexOf(source) * val.labels.length;
    const near = source.neighbours(most, (count) => phase.update(before + count));
    return each((k) => hits(near, train.labels, val.labels, k));
  };
  const found = by(subject, (source) => source.once("retrieval", () => hitsOf(source)));
  const recallOf = (of: (typeof found)["trained"]) => each((k) => mean(Array.from(of[k])));
  return {
    ...header(subject, "retrieval", began),
    settings: { size: session.view.size, encoded, queries: "val", gallery: "train" },
    recall: recallOf(found.trained),
    interval: each((k) => shareInterval(found.trained[k], session.seed, { files: val.files })),
    untrained: recallOf(found.untrained),
    ...(found.pixels && { pixels: recallOf(found.pixels) }),
    chance: each((k) => chanceRecall(train.labels, val.labels, k)),
  };
}
