// What each opcode of pickle's protocols 0 to 5 does to the stack (Python's Lib/pickletools.py says it in prose). None runs anything.
import { globalOf, made, setState } from "./builders.ts";
import type { MachineState } from "./machine-state.ts";
import { small } from "./tensors.ts";
import { Collection, Dict, Inert, Tuple } from "./values.ts";

type Operation = (state: MachineState) => void;

/** Whole numbers of more digits are nobody's. */
const MOST_DIGITS = 1000;

const text = (bytes: Buffer): string => {
  const utf8 = bytes.toString("utf8");
  // Python 2 wrote bytes where it meant text.
  return utf8.includes("\ufffd") ? bytes.toString("latin1") : utf8;
};

const long = (state: MachineState, length: number): number | bigint => {
  if (length > MOST_DIGITS) state.damaged(`a whole number of at most ${MOST_DIGITS} bytes`);
  if (length === 0) return 0;
  const hex = Buffer.from(state.cursor.take(length)).reverse().toString("hex");
  return small(BigInt.asIntN(8 * length, BigInt(`0x${hex}`)));
};

const size8 = (state: MachineState): number => {
  const size = state.cursor.take(8).readBigUInt64LE();
  return size > Number.MAX_SAFE_INTEGER ? state.damaged("a size that a file can have") : Number(size);
};

const size4 = (state: MachineState): number => state.cursor.take(4).readUInt32LE();

const whole = (state: MachineState, line: string): number | bigint => {
  const digits = line.replace(/L$/, "").trim();
  if (digits.length > MOST_DIGITS || !/^-?\d+$/.test(digits)) state.damaged("a whole number");
  return small(BigInt(digits));
};

const index = (state: MachineState): number => Number(whole(state, state.cursor.line()));

const put = (state: MachineState, at: number): void => void state.memo.set(at, state.top());

function setItems(state: MachineState, items: readonly unknown[]): void {
  if (items.length % 2 !== 0) state.damaged("keys with values");
  const target = state.top();
  for (let i = 0; i < items.length; i += 2) {
    if (target instanceof Dict) target.items.set(items[i], items[i + 1]);
    else if (target instanceof Inert) target.items.push(new Tuple([items[i], items[i + 1]]));
    else state.damaged("a dict");
  }
}

function append(state: MachineState, items: readonly unknown[]): void {
  const target = state.top();
  const list = Array.isArray(target)
    ? target
    : target instanceof Inert || target instanceof Collection
      ? target.items
      : null;
  if (list === null) state.damaged("a list");
  for (const item of items) list.push(item);
}

function dictOf(state: MachineState, items: readonly unknown[]): void {
  state.push(new Dict());
  setItems(state, items);
}

function tuple(count: number): Operation {
  return (state) => {
    const items = Array.from({ length: count }, () => state.pop()).reverse();
    state.push(new Tuple(items));
  };
}

function named(state: MachineState, module: unknown, name: unknown): void {
  if (typeof module !== "string" || typeof name !== "string") state.damaged("the name of a class");
  state.push(globalOf(module, name));
}

function persistent(state: MachineState, id: unknown): void {
  state.push(id instanceof Tuple ? state.persistentLoad(id) : state.inert(null, [id], false));
}

function newObject(state: MachineState, hasKeywords: boolean): void {
  if (hasKeywords) state.pop();
  const args = state.pop();
  state.push(made(state.pop(), args, state, false));
}

function instance(state: MachineState, callable: unknown, args: readonly unknown[]): void {
  state.push(made(callable, new Tuple(args), state, true));
}

const CONSTANTS: Record<string, Operation> = {
  N: (state) => state.push(null),
  "\x88": (state) => state.push(true),
  "\x89": (state) => state.push(false),
  I: (state) => {
    const line = state.cursor.line();
    state.push(line === "00" ? false : line === "01" ? true : whole(state, line));
  },
  J: (state) => state.push(state.cursor.take(4).readInt32LE()),
  K: (state) => state.push(state.cursor.byte()),
  M: (state) => state.push(state.cursor.take(2).readUInt16LE()),
  L: (state) => state.push(whole(state, state.cursor.line())),
  "\x8a": (state) => state.push(long(state, state.cursor.byte())),
  "\x8b": (state) => state.push(long(state, size4(state))),
  F: (state) => state.push(Number.parseFloat(state.cursor.line())),
  G: (state) => state.push(state.cursor.take(8).readDoubleBE()),
  S: (state) => state.push(state.cursor.line().replace(/^(['"])(.*)\1$/, "$2")),
  T: (state) => state.push(text(state.cursor.take(size4(state)))),
  U: (state) => state.push(text(state.cursor.take(state.cursor.byte()))),
  V: (state) => state.push(state.cursor.line()),
  X: (state) => state.push(text(state.cursor.take(size4(state)))),
  "\x8c": (state) => state.push(text(state.cursor.take(state.cursor.byte()))),
  "\x8d": (state) => state.push(text(state.cursor.take(size8(state)))),
  B: (state) => state.push(state.cursor.take(size4(state))),
  C: (state) => state.push(state.cursor.take(state.cursor.byte())),
  "\x8e": (state) => state.push(state.cursor.take(size8(state))),
  "\x96": (state) => state.push(state.cursor.take(size8(state))),
};

const CONTAINERS: Record<string, Operation> = {
  "]": (state) => state.push([]),
  ")": (state) => state.push(new Tuple([])),
  "}": (state) => state.push(new Dict()),
  "\x8f": (state) => state.push(new Collection()),
  l: (state) => state.push(state.popMark()),
  t: (state) => state.push(new Tuple(state.popMark())),
  d: (state) => dictOf(state, state.popMark()),
  "\x91": (state) => state.push(new Collection(state.popMark())),
  "\x85": tuple(1),
  "\x86": tuple(2),
  "\x87": tuple(3),
  a: (state) => append(state, [state.pop()]),
  e: (state) => append(state, state.popMark()),
  "\x90": (state) => append(state, state.popMark()),
  s: (state) => {
    const value = state.pop();
    setItems(state, [state.pop(), value]);
  },
  u: (state) => setItems(state, state.popMark()),
};

const STACK: Record<string, Operation> = {
  "(": (state) => state.mark(),
  "0": (state) => void (state.stack.length > 0 ? state.pop() : state.popMark()),
  "1": (state) => void state.popMark(),
  "2": (state) => state.push(state.top()),
  p: (state) => put(state, index(state)),
  q: (state) => put(state, state.cursor.byte()),
  r: (state) => put(state, size4(state)),
  "\x94": (state) => put(state, state.memo.size),
  g: (state) => state.get(index(state)),
  h: (state) => state.get(state.cursor.byte()),
  j: (state) => state.get(size4(state)),
  // What a pickle says of its protocol and of the frames that it comes in decides nothing.
  "\x80": (state) => void state.cursor.byte(),
  "\x95": (state) => void state.cursor.take(8),
  "\x98": () => {},
};

const OBJECTS: Record<string, Operation> = {
  c: (state) => named(state, state.cursor.line(), state.cursor.line()),
  "\x93": (state) => {
    const name = state.pop();
    named(state, state.pop(), name);
  },
  R: (state) => {
    const args = state.pop();
    state.push(made(state.pop(), args, state, true));
  },
  "\x81": (state) => newObject(state, false),
  "\x92": (state) => newObject(state, true),
  b: (state) => {
    const value = state.pop();
    setState(state.top(), value, state);
  },
  i: (state) => {
    const [module, name] = [state.cursor.line(), state.cursor.line()];
    instance(state, globalOf(module, name), state.popMark());
  },
  o: (state) => {
    const [callable, ...args] = state.popMark();
    instance(state, callable, args);
  },
  P: (state) => persistent(state, state.cursor.line()),
  Q: (state) => persistent(state, state.pop()),
  "\x82": (state) => state.push(state.inert(null, [state.cursor.byte()], false)),
  "\x83": (state) => state.push(state.inert(null, [state.cursor.take(2).readUInt16LE()], false)),
  "\x84": (state) => state.push(state.inert(null, [size4(state)], false)),
};

/** By opcode. */
export const OPERATIONS: readonly (Operation | undefined)[] = Array.from({ length: 256 }, (_, code) => {
  const char = String.fromCharCode(code);
  return CONSTANTS[char] ?? CONTAINERS[char] ?? STACK[char] ?? OBJECTS[char];
});
