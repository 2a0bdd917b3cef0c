// What people set, before it is known to make sense.

/** Settings as they come from a file or from flags: names and values not yet checked. */
export type Settings = Record<string, unknown>;
