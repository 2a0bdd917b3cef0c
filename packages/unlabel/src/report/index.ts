// Run directories → one self-contained HTML file. Reads files, never tensors: works on a machine without LibTorch.
export { type ReportData, reportData } from "./data.ts";
export type { GroupTold, IndicatorLead } from "./indicator-leads.ts";
export type { Place, Ranking } from "./ranking.ts";
export { type Report, writeReport } from "./report.ts";
export type { Settle, WithoutLabels } from "./without-labels.ts";
