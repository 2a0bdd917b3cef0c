// The words that other parts need without the schema, which loads zod.

export const METHODS = ["simclr", "mae"] as const;
export const PRESETS = ["report", "paper", "small"] as const;
export type MethodName = (typeof METHODS)[number];
export type PresetName = (typeof PRESETS)[number];
