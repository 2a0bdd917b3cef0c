// unlabel as a library: what the command line does, as functions.

export { UsageError, UserError } from "./base/errors.ts";
export { type DemoRequest, type DemoResult, demo } from "./compare/demo.ts";
export type { Config } from "./config/common.ts";
export { readSettings } from "./config/files.ts";
export type { Sources } from "./config/resolve.ts";
export type { Settings } from "./config/settings.ts";
export { type Embedded, type EmbedOptions, embed } from "./eval/embed.ts";
export { evaluate } from "./eval/evaluate.ts";
export type { EvaluateOptions } from "./eval/options.ts";
export { type ProbeOptions, probe } from "./eval/probe.ts";
export { type Found, type SearchOptions, type SearchResult, search } from "./eval/search.ts";
export * from "./methods/index.ts";
export { type Report, writeReport } from "./report/index.ts";
export { type MetricsRow, RunDirectory, type RunInfo, type RunResult } from "./run/directory.ts";
export type * from "./run/evaluations.ts";
export { type Pretrained, type PretrainRequest, pretrain } from "./train/pretrain.ts";
