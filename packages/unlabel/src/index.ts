// unlabel as a library: what the command line does, as functions.
export { readSettings, resolveConfig, type Settings, type Sources } from "./config/resolve.ts";
export type { Config, MaeConfig, MethodName, PresetName, SimclrConfig } from "./config/schema.ts";
export { UsageError, UserError } from "./errors.ts";
export { type Pretrained, type PretrainRequest, pretrain } from "./train/pretrain.ts";
export { type MetricsRow, RunDirectory, type RunInfo, type RunResult } from "./train/run.ts";
