// What pages are told of pictures over time: types alone.
import type { OverTime } from "../../run/read/schema.ts";

/** A run's pictures at some of its steps; none where it drew none. */
export type OverTimeTold = Pick<OverTime, "moments">;
/** Those of one step. */
export type MomentTold = OverTime["moments"][number];
