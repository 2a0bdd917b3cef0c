// The bridge's own functions, called as TypeScript never would.
import { native } from "../../native.ts";
import { untyped } from "./values.ts";

/** The bridge's own functions, called as TypeScript never would. Any error will do: there is no operator to name. */
export const forgeries: [what: string, run: () => unknown][] = [
  ...[0, -1, 1.5, Number.NaN, 2 ** 53 - 1, 2 ** 23, 1e300, Number.NEGATIVE_INFINITY].flatMap(
    (handle): [string, () => unknown][] => [
      [`shape(${handle})`, () => native.shape(handle)],
      [`bytes(${handle})`, () => native.bytes(handle)],
      [`getGrad(${handle})`, () => native.getGrad(handle)],
      [`setData(${handle})`, () => native.setData(handle, handle)],
      [`backward(${handle})`, () => native.backward([handle], [null], false)],
      [`setRngState(${handle})`, () => native.setRngState("cpu", handle)],
      [`call(relu, ${handle})`, () => native.call(native.op("aten::relu").id, handle)],
    ],
  ),
  ["call() of no operator", () => native.call(1e9)],
  ["call() of half an operator", () => native.call(0.5, 1, 2, 3, 4, 5, 6, 7, 8)],
  ["call() of a negative operator", () => native.call(-1)],
  ["call() without arguments", () => native.call(native.op("aten::relu").id)],
  ["backward() of nothing", () => native.backward(untyped(undefined), untyped(undefined), false)],
  ["backward() of unlike lists", () => native.backward([], [null, null], false)],
  ["grad() of null roots", () => native.grad(untyped([null]), untyped([null]), [null], false, false)],
  ["from() of a shared buffer", () => native.from(new Uint8Array(new SharedArrayBuffer(4)), [3], "uint8")],
  [
    "from() with a dtype that throws",
    () =>
      native.from(
        new Uint8Array(4),
        [4],
        untyped({
          toString: () => {
            throw new Error("toString");
          },
        }),
      ),
  ],
  ["seed() of a string", () => native.seed(untyped("x"))],
  ["setRngState() of a string", () => native.setRngState("cpu", untyped("x"))],
  ["threads(-1)", () => native.threads(-1)],
  ["external() of a string", () => native.external(untyped("x"))],
];
