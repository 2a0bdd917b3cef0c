// What colours a map's points: their class, the group that k-means puts them in, whether neighbours name another class, or their split.
import type { MapTold } from "../../messages/atlas.ts";
import { token } from "../app/theme.ts";
import { channels, type Points, packed } from "./points.ts";

/** What may colour points. */
export const COLOURINGS = { class: "Class", group: "Cluster", error: "Error", split: "Split" } as const;
export type Colouring = keyof typeof COLOURINGS;

/** One kind of points. */
export interface Kind {
  /** What its points' value is. */
  value: number;
  name: string;
  points: number;
  /** A token; null for those that have no colour of their own. */
  colour: string | null;
}

/** As many have a colour of their own. */
const COLOURS = 10;

const errors = new WeakMap<Points, Int16Array>();

/** The value of each point. */
export function valuesOf(points: Points, colouring: Colouring): ArrayLike<number> & Iterable<number> {
  if (colouring === "class") return points.label;
  if (colouring === "group") return points.group;
  if (colouring === "split") return points.split;
  const known = errors.get(points);
  if (known) return known;
  const made = Int16Array.from(points.label, (label, i) =>
    label < 0 || points.predicted[i]! < 0 ? -1 : Number(points.predicted[i] !== label),
  );
  errors.set(points, made);
  return made;
}

/** The kinds that there are, the largest first where there are more than colours. */
export function kindsOf(points: Points, told: MapTold, colouring: Colouring): Kind[] {
  const values = valuesOf(points, colouring);
  const tally = new Map<number, number>();
  for (const value of values) tally.set(value, (tally.get(value) ?? 0) + 1);
  const name = (value: number): string => {
    if (colouring === "class") return told.classes[value]?.name ?? "without a class";
    if (colouring === "group") return `cluster ${value + 1}`;
    if (colouring === "split") return value === 0 ? "train" : "val";
    return value < 0 ? "without a class" : value === 0 ? "neighbours agree" : "neighbours say otherwise";
  };
  const found = [...tally].map(([value, count]) => ({ value, name: name(value), points: count }));
  const sorted = found.sort(
    (a, b) =>
      Number(a.value < 0) - Number(b.value < 0) ||
      (found.length > COLOURS + 1 ? b.points - a.points : a.value - b.value),
  );
  let next = 0;
  return sorted.map((kind) => ({
    ...kind,
    colour: kind.value < 0 || next >= COLOURS ? null : colourOf(colouring, kind.value, next++),
  }));
}

function colourOf(colouring: Colouring, value: number, at: number): string {
  if (colouring === "error") return value === 0 ? "--soft" : "--k1";
  if (colouring === "split") return value === 0 ? "--k4" : "--k5";
  return `--k${at}`;
}

/** Each point's colour, as pages are now. */
export function coloursOf(points: Points, kinds: readonly Kind[], colouring: Colouring): Uint32Array {
  const rest = packed(channels(token("--untrained")));
  const own = new Map(
    kinds.map(({ value, colour }) => [value, colour === null ? rest : packed(channels(token(colour)))]),
  );
  return Uint32Array.from(valuesOf(points, colouring), (value) => own.get(value) ?? rest);
}
