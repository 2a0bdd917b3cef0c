// Optimizers and what goes with them.
export { Adam, type AdamOptions, AdamW } from "./adam.ts";
export { clipGradNorm, gradNorm } from "./clip.ts";
export { LARS, type LARSOptions } from "./lars.ts";
export { type Group, type Hyperparameters, Optimizer, type Params } from "./optimizer.ts";
export * as schedule from "./schedule.ts";
export { SGD, type SGDOptions } from "./sgd.ts";
