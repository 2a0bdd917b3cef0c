// The parts that the studio is made of.
import { dataPart } from "./data.ts";
import { imagesPart } from "./images.ts";
import { overTimePart } from "./over-time.ts";
import type { Part } from "./part.ts";
import { reportPart } from "./report.ts";
import { runsPart } from "./runs.ts";

/** All of them; their addresses differ. */
export const parts: readonly Part[] = [runsPart, reportPart, overTimePart, imagesPart, dataPart];
