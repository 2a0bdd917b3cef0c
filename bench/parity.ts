// Whether a GPU computes what the CPU does: a training step's loss and gradients from the same weights, images and masks.
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { runScript } from "./child.ts";
import { type BenchOptions, type Row, row } from "./row.ts";

/** Largest differences allowed, relative to the CPU's: what TF32's ten bits of mantissa in convolutions leave. */
const LIMITS = { loss: 1e-3, gradient: 2e-2 };

/** @throws {UserError} where a difference is above its limit */
export async function run({ device, threads }: BenchOptions): Promise<Row[]> {
  const { json } = await runScript("parity.ts", [device, String(threads)], threads);
  const rows = Object.entries(json).flatMap(([method, found]) =>
    (["loss", "gradient"] as const).map((what) => {
      const value = Number(Object.entries(found ?? {}).find(([key]) => key === what)?.[1]);
      if (!(value <= LIMITS[what])) {
        throw new UserError(
          `Expected the ${what} of ${method} on ${device} within ${LIMITS[what]} of the CPU's, got ${value}`,
        );
      }
      const note = `relative, at most ${LIMITS[what]}; ${value.toExponential(1)}`;
      return row(`${method}, ${what} on ${device} beside the CPU`, "difference", value, null, { note });
    }),
  );
  return rows;
}
