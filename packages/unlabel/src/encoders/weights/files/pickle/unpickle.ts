// Reads a pickle without running it: a machine that builds containers, numbers, strings and tensors, and leaves placeholders for
// all else. What Python would call is written down, never called.
import type { Cursor } from "./cursor.ts";
import { type InertLog, MachineState, type PersistentLoad } from "./machine-state.ts";
import { OPERATIONS } from "./operations.ts";

/** A checkpoint of a thousand tensors takes some 40,000; more than this would be gigabytes of objects. */
const MOST_OPCODES = 4_000_000;
const STOP = 0x2e;

/** @throws {UserError} where the pickle is damaged, or larger than any checkpoint's */
export function unpickle(cursor: Cursor, persistentLoad: PersistentLoad, log: InertLog): unknown {
  const state = new MachineState(cursor, persistentLoad, log);
  for (let count = 0; count < MOST_OPCODES; count++) {
    const code = cursor.byte();
    if (code === STOP) return state.pop();
    const operation = OPERATIONS[code];
    if (operation === undefined) state.damaged(`an opcode of pickle's, got 0x${code.toString(16).padStart(2, "0")},`);
    else operation(state);
  }
  return cursor.refuse(`Expected a pickle of at most ${MOST_OPCODES} opcodes, got more: no checkpoint has as many`);
}
