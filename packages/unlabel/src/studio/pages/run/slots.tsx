// Sections of a run's page that have something to show of their own, in their order. A new one is a line here.
import type { FunctionComponent } from "preact";
import type { RunDetail } from "../../messages/runs.ts";
import { OverTimeSection } from "./over-time-section.tsx";
import { Reconstructions } from "./reconstructions.tsx";

/** One section; it shows nothing where it has nothing. */
export interface RunSection {
  id: string;
  view: FunctionComponent<{ run: RunDetail }>;
}

export const runSections: readonly RunSection[] = [
  { id: "over-time", view: OverTimeSection },
  { id: "reconstructions", view: Reconstructions },
];
