// unlabel as a library: what the command line does, as functions.
export { readSettings, resolveConfig, type Settings, type Sources } from "./config/resolve.ts";
export type { Config, MaeConfig, MethodName, PresetName, SimclrConfig } from "./config/schema.ts";
export { type DemoRequest, type DemoResult, demo } from "./demo.ts";
export { UsageError, UserError } from "./errors.ts";
export { type Embedded, type EmbedOptions, embed } from "./eval/embed.ts";
export { type EvaluateOptions, evaluate } from "./eval/evaluate.ts";
export { type ProbeOptions, probe } from "./eval/probe.ts";
export { type Found, type SearchOptions, type SearchResult, search } from "./eval/search.ts";
export type * from "./eval/types.ts";
export { type Report, writeReport } from "./report/index.ts";
export { type Pretrained, type PretrainRequest, pretrain } from "./train/pretrain.ts";
export { type MetricsRow, RunDirectory, type RunInfo, type RunResult } from "./train/run.ts";
