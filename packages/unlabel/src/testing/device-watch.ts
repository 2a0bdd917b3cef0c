// What code asks of a device, told by its operators: whatever would make a host wait for it, or mixes it with the host, is a fault.
import { type OperatorCall, observeOperators, Tensor } from "@unlabel/torch";

/** What {@link watchingDevice} has seen. */
export interface DeviceUse {
  /** Copies from the host to the device. */
  uploads: number;
  /** What must not be, a line each. */
  faults: string[];
}

/** Operators that copy from one device to another. */
const COPIES = new Set(["aten::to.dtype_layout", "aten::copy_", "aten::_foreach_copy_"]);

/** Operators that draw, of which some schemas name no generator. */
const RANDOM = /^aten::(rand|randn|randint|randperm|bernoulli)(_like)?(\.|$)/;

/**
 * Runs `body` and says how it uses the device `meta`, on which a value that is read is an error of LibTorch's own.
 *
 * @param body synchronous
 */
export function watchingDevice<T>(body: () => T): { result: T; use: DeviceUse } {
  const use: DeviceUse = { uploads: 0, faults: [] };
  const result = observeOperators((call) => look(call, use), body);
  return { result, use };
}

function look({ name, schema, args }: OperatorCall, use: DeviceUse): void {
  const named = (argument: string) => args[schema.args.findIndex((one) => one.name === argument)];
  const tensors = args.flatMap((value) => (Array.isArray(value) ? value : [value])).filter(isTensor);
  const devices = new Set(tensors.map(({ device }) => device));
  const there = devices.has("meta") || named("device") === "meta";
  if (COPIES.has(name)) {
    const goes = name === "aten::to.dtype_layout" ? !devices.has("meta") && there : devices.size > 1;
    if (!goes) return;
    use.uploads++;
    const waits = named("non_blocking") !== true;
    if (waits) use.faults.push(`${name} of ${tensors.map(String).join(", ")} waits for the device`);
    return;
  }
  if (devices.size > 1) use.faults.push(`${name} of ${tensors.map(String).join(", ")} mixes host and device`);
  const masks = name === "aten::index_put_" && tensors.slice(1, -1).some(({ dtype }) => dtype === "bool");
  if (there && masks) use.faults.push(`${name} by a mask counts its ones on the host`);
  const draws = RANDOM.test(name) || schema.args.some(({ type }) => type.startsWith("Generator"));
  const drops =
    Number(named("dropout_p") ?? (name === "aten::dropout" ? named("p") : 0)) > 0 && named("train") !== false;
  if (there && (draws || drops)) use.faults.push(`${name} draws from the device's generator`);
}

function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}
