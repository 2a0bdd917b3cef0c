// The parts that the studio is made of.
import type { Part } from "./part.ts";
import { reportPart } from "./report.ts";
import { runsPart } from "./runs.ts";

/** All of them; their addresses differ. */
export const parts: readonly Part[] = [runsPart, reportPart];
