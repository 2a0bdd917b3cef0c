// One boxed call for every ATen operator.
import { deviceAround } from "./default-device.ts";
import { describe, guarded, messageOf, TorchError } from "./errors.ts";
import { handleOf, handlesOf, TensorHandle } from "./handle.ts";
import { type Handle, native, type Schema } from "./native.ts";
import { observer } from "./observe.ts";

/** How one argument or result crosses: as it is, as a tensor, or as an array of tensors. */
type Crossing = "plain" | "tensor" | "tensors";

interface Operator {
  schema: Schema;
  args: Crossing[];
  returns: Crossing[];
  /** Where the argument stands that is written into and returned (`add_`, `add.out`); −1 for results of their own. */
  written: number;
  /** Where the argument stands that names a device; −1 where there is none. */
  device: number;
  /** Whether it makes tensors of no others, so that without a device they come to lie on that of `withDevice`. */
  makes: boolean;
}

const operators = new Map<string, Operator>();

function crossing(type: string): Crossing {
  if (type === "Tensor" || type === "Tensor?") return "tensor";
  return type.startsWith("Tensor") ? "tensors" : "plain";
}

function lookup(name: string): Operator {
  let found = operators.get(name);
  if (!found) {
    let schema: Schema;
    try {
      schema = native.op(name);
    } catch (error) {
      // The message names the operator.
      throw new TorchError(messageOf(error), undefined, { cause: error });
    }
    found = {
      schema,
      args: schema.args.map((arg) => crossing(arg.type)),
      returns: schema.returns.map((ret) => crossing(ret.type)),
      written: writtenArgument(schema),
      device: schema.args.findIndex(({ type }) => type.startsWith("Device")),
      makes: schema.args.every(({ type }) => !type.startsWith("Tensor")),
    };
    operators.set(name, found);
  }
  return found;
}

/** Schemas mark it by a letter that the result shares: `Tensor(a!) self, … -> Tensor(a!)`. */
function writtenArgument({ text, args, returns }: Schema): number {
  if (returns.length !== 1 || !returns[0]!.inPlace) return -1;
  const name = /\((\w+)!\) (\w+).*-> Tensor\(\1!\)/.exec(text)?.[2];
  return args.findIndex((arg) => arg.name === name);
}

/** The schema of an operator, such as `aten::add.Tensor`. @throws {TorchError} where LibTorch has none of that name */
export function schemaOf(name: string): Schema {
  return lookup(name).schema;
}

/** The names of all operators that the linked LibTorch knows. */
export function operatorNames(): string[] {
  return native.schemas();
}

/**
 * Calls an operator by name with its arguments in schema order, keyword-only ones included; those left out take the
 * schema's defaults. Integers and floats are numbers, dtypes and devices strings (`"float32"`, `"cuda:0"`).
 *
 * @returns the operator's result: a tensor, a number, an array of several, or nothing
 * @throws {TorchError} naming the operator, and the argument or the tensors' shapes
 */
export function call<T = unknown>(name: string, args: readonly unknown[]): T {
  const op = lookup(name);
  const { schema } = op;
  if (!Array.isArray(args)) throw new TorchError(`Expected an array of arguments, got ${describe(args)}`, name);
  if (args.length > schema.args.length) {
    throw new TorchError(`Expected at most ${schema.args.length} arguments, got ${args.length}`, name);
  }
  observer()?.({ name, schema, args });
  const device = guarded(name, () => placeOf(op, args));
  const crossed = guarded(name, () =>
    schema.args.map((argument, i) => {
      const given = i === op.device ? device : args[i];
      const value = given === undefined ? argument.default : given;
      return toNative(value, op.args[i]!, argument, name);
    }),
  );
  let result: unknown;
  try {
    result = native.call(schema.id, ...crossed);
  } catch (error) {
    throw new TorchError(`${messageOf(error)}${shapes(op, crossed)}`, name, { cause: error });
  }
  if (op.written >= 0) {
    native.free(result as Handle);
    return args[op.written] as T;
  }
  if (op.returns.length <= 1) return fromNative(result, op.returns[0] ?? "plain") as T;
  return (result as unknown[]).map((item, i) => fromNative(item, op.returns[i]!)) as T;
}

/** The device that a call names; where tensors are made without one, that of `withDevice` around. */
function placeOf({ device, makes }: Operator, args: readonly unknown[]): unknown {
  if (device < 0) return undefined;
  const given = args[device];
  const place = given ?? (makes ? deviceAround() : null) ?? given;
  if (place === "meta") native.metaShapes();
  return place;
}

function toNative(value: unknown, how: Crossing, { name, type }: Schema["args"][number], op: string): unknown {
  if (how === "plain") return value;
  if (value === null || value === undefined) {
    if (type.endsWith("?")) return null;
    throw new TorchError(
      `Expected ${how === "tensor" ? "a tensor" : "an array of tensors"} for ${name}, got ${value}`,
      op,
    );
  }
  if (how === "tensor") return handleOf(value, name, op);
  return handlesOf(value, name, op, type.startsWith("Tensor?"));
}

let construct: ((handle: Handle) => TensorHandle) | null = null;

/** Called once by tensor.ts, so that operators can make tensors without importing it in a circle. */
export function setTensorConstructor(make: (handle: Handle) => TensorHandle): void {
  construct = make;
}

function wrap(handle: Handle): TensorHandle {
  if (!construct) throw new TorchError("Expected tensor.ts to be loaded before the first operator");
  return construct(handle);
}

function fromNative(value: unknown, how: Crossing): unknown {
  if (how === "plain" || value === null) return value;
  return how === "tensor"
    ? wrap(value as Handle)
    : (value as Handle[]).map((handle) => (handle === null ? null : wrap(handle)));
}

/** Whether an argument is a tensor rather than a number: picks between an operator's `.Tensor` and `.Scalar` forms. */
export function isTensor(value: unknown): value is TensorHandle {
  return TensorHandle.is(value);
}

/** The dtypes and shapes of the tensors given, which LibTorch's own messages often leave out. */
function shapes(op: Operator, crossed: readonly unknown[]): string {
  const parts = crossed.flatMap((value, i) => {
    const { name } = op.schema.args[i]!;
    if (value === null || op.args[i] === "plain") return [];
    if (op.args[i] === "tensor") return [`${name} ${brief(value as Handle)}`];
    const list = value as (Handle | null)[];
    return [`${name} [${list.slice(0, 4).map(brief).join(", ")}${list.length > 4 ? ", …" : ""}]`];
  });
  return parts.length > 0 ? ` (${parts.join("; ")})` : "";
}

function brief(handle: Handle | null): string {
  // A getter among the arguments may have disposed of a tensor since.
  if (handle === null || !native.alive(handle)) return "?";
  return `${native.dtype(handle)}[${native.shape(handle).join(", ")}]`;
}
