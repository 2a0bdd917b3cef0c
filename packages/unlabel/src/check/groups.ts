// From pairs of copies to what they mean: groups, leakage between train and val, and images of two classes.
import type { Seen } from "./look.ts";

/** Two images, by number, that show the same. */
export interface Pair {
  a: number;
  b: number;
  kind: "exact" | "near";
  /** 1 for the same bytes, else the lesser of the two correlations. */
  similarity: number;
}

/** Images that pairs connect. */
export interface Group {
  /** `exact` where all have the same bytes. */
  kind: "exact" | "near";
  /** Numbers, in order. */
  members: number[];
  /** Of the least alike pair. */
  similarity: number;
  /** Whether a pair joins train and val. */
  leak: boolean;
  /** Whether a pair bears two classes. */
  conflict: boolean;
}

/** An image of val that train has, too. */
export interface Leak {
  /** Number of the image in val. */
  val: number;
  /** Number of the image in train that is most like it. */
  train: number;
  /** Whether the bytes are the same, or the pictures are alike. */
  kind: "exact" | "near";
  /** 1 for the same bytes, else the lesser of two correlations. */
  similarity: number;
}

/** Numbers joined into sets (union-find). */
export class Forest {
  readonly #parent: Uint32Array;
  constructor(count: number) {
    this.#parent = Uint32Array.from({ length: count }, (_, i) => i);
  }
  root(i: number): number {
    let at = i;
    for (; this.#parent[at] !== at; at = this.#parent[at]!) this.#parent[at] = this.#parent[this.#parent[at]!]!;
    return at;
  }
  join(a: number, b: number): void {
    this.#parent[this.root(b)] = this.root(a);
  }
}

/** Images that pairs connect, leaks first, then those of two classes, then the largest. */
export function group(
  images: readonly Seen[],
  sets: readonly number[][],
  pairs: readonly Pair[],
  expand: (member: number) => readonly number[],
): Group[] {
  const forest = new Forest(images.length);
  for (const { a, b } of pairs) forest.join(a, b);
  const groups = new Map<number, Group>();
  const groupOf = (member: number) => {
    const root = forest.root(member);
    let found = groups.get(root);
    if (!found) {
      found = { kind: "exact", members: [], similarity: 1, leak: false, conflict: false };
      groups.set(root, found);
    }
    return found;
  };
  const members = new Set(pairs.flatMap(({ a, b }) => [a, b]));
  for (const member of [...members].sort((a, b) => a - b)) groupOf(member).members.push(member);
  const judge = (found: Group, here: readonly number[], there: readonly number[]) => {
    const splits = (side: readonly number[]) => new Set(side.map((i) => images[i]!.split));
    const labels = (side: readonly number[]) => new Set(side.map((i) => images[i]!.item.label));
    found.leak ||= splits([...here, ...there]).size > 1;
    const all = labels([...here, ...there]);
    all.delete(-1);
    found.conflict ||= all.size > 1;
  };
  for (const set of sets) judge(groupOf(set[0]!), set, set);
  for (const { a, b, kind, similarity } of pairs) {
    if (kind === "exact") continue;
    const found = groupOf(a);
    found.kind = "near";
    found.similarity = Math.min(found.similarity, similarity);
    judge(found, expand(a), expand(b));
  }
  const weight = ({ leak, conflict, members: all }: Group) => [Number(leak), Number(conflict), all.length];
  return [...groups.values()].sort((p, q) => {
    const [x, y] = [weight(p), weight(q)];
    return (
      y[0]! - x[0]! || y[1]! - x[1]! || y[2]! - x[2]! || q.similarity - p.similarity || p.members[0]! - q.members[0]!
    );
  });
}

/** For each image of val that train has, too, the one that is most like it. */
export function leaksOf(
  images: readonly Seen[],
  sets: readonly number[][],
  near: readonly Pair[],
  expand: (member: number) => readonly number[],
): Leak[] {
  const best = new Map<number, Leak>();
  const offer = (train: number, val: number, kind: Leak["kind"], similarity: number) => {
    const before = best.get(val);
    if (!before || similarity > before.similarity) best.set(val, { val, train, kind, similarity });
  };
  const inTrain = (i: number) => images[i]!.split.name === "train";
  for (const set of sets) {
    const train = set.find(inTrain);
    if (train !== undefined) for (const i of set) if (!inTrain(i)) offer(train, i, "exact", 1);
  }
  for (const { a, b, similarity } of near) {
    for (const [here, there] of [
      [expand(a), expand(b)],
      [expand(b), expand(a)],
    ] as const) {
      const train = here.find(inTrain);
      if (train !== undefined) for (const i of there) if (!inTrain(i)) offer(train, i, "near", similarity);
    }
  }
  return [...best.values()].sort((p, q) => p.val - q.val);
}
