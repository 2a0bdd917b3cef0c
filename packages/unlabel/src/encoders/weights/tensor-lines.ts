// A file's tensors as lines: those of a name but for its numbers, and of one shape, are one line (`blocks.{0–11}.norm1.weight`).
import { visible } from "../../base/text.ts";
import type { InspectedTensor } from "./inspect.ts";

/** More lines than anybody reads. */
const MOST_LINES = 200;

interface Row {
  name: string;
  shape: string;
  dtype: string;
}

/** @param all a line for each */
export function tensorLines(tensors: readonly InspectedTensor[], width: number, all: boolean): string[] {
  const rows = all ? tensors.map((one) => rowOf(one.name, one)) : grouped(withoutCountersFirst(tensors));
  const shown = all ? rows : rows.slice(0, MOST_LINES);
  const shapes = Math.max(...shown.map(({ shape }) => shape.length), 0);
  const types = Math.max(...shown.map(({ dtype }) => dtype.length), 0);
  const room = Math.max(20, width - shapes - types - 4);
  const lines = shown.map(({ name, shape, dtype }) => {
    // Names are never cut: a long one has its numbers on the next line.
    const left = name.length > room ? `${name}\n${" ".repeat(room)}` : name.padEnd(room);
    return `${left}  ${shape.padStart(shapes)}  ${dtype}`.trimEnd();
  });
  return rows.length > shown.length
    ? [...lines, `and ${rows.length - shown.length} more lines; --all has every tensor`]
    : lines;
}

/** Files of safetensors begin with the longest elements, which are BatchNorm's counters of batches. */
function withoutCountersFirst(tensors: readonly InspectedTensor[]): InspectedTensor[] {
  const isCounter = ({ name }: InspectedTensor) => name.endsWith("num_batches_tracked");
  return [...tensors.filter((one) => !isCounter(one)), ...tensors.filter(isCounter)];
}

function rowOf(name: string, { shape, dtype }: Pick<InspectedTensor, "shape" | "dtype">): Row {
  return { name: visible(name), shape: `[${shape.join(", ")}]`, dtype };
}

function grouped(tensors: readonly InspectedTensor[]): Row[] {
  const groups = new Map<string, { first: InspectedTensor; numbers: number[][] }>();
  for (const one of tensors) {
    const key = JSON.stringify([template(one.name), one.shape, one.dtype]);
    const numbers = (one.name.match(NUMBER) ?? []).map(Number);
    const group = groups.get(key);
    if (group) group.numbers.push(numbers);
    else groups.set(key, { first: one, numbers: [numbers] });
  }
  return [...groups.values()].map(({ first, numbers }) => {
    let at = 0;
    const name = first.name.replace(NUMBER, () => rangeOf(numbers, at++));
    return rowOf(name, first);
  });
}

/** Numbers that are parts of a name by themselves. */
const NUMBER = /(?<=^|\.)\d+(?=\.|$)/g;

function template(name: string): string {
  return name.replace(NUMBER, "*");
}

function rangeOf(all: readonly (readonly number[])[], at: number): string {
  const values = [...new Set(all.map((numbers) => numbers[at] ?? 0))].sort((a, b) => a - b);
  if (values.length === 1) return String(values[0]);
  const isRun = values.every((value, i) => i === 0 || value === values[i - 1]! + 1);
  if (isRun) return `{${values[0]}–${values.at(-1)}}`;
  const told = values.length > 8 ? [...values.slice(0, 7), "…"] : values;
  return `{${told.join(",")}}`;
}
