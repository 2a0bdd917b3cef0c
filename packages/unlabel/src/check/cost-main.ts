// The measuring process: takes one request from its parent, answers, ends.
import { type CostRequest, measureCost } from "./cost.ts";

process.once("message", (request: CostRequest) => {
  measureCost(request)
    .catch((error: unknown) => ({ problem: error instanceof Error ? error.message : String(error) }))
    .then((answer) => process.send?.(answer, () => process.disconnect()));
});
