// unlabel weights …: what concerns weights from elsewhere.
import type { Command } from "commander";
import { addWeightsInspect } from "./weights-inspect.ts";

export function addWeights(program: Command): void {
  addWeightsInspect(program.command("weights").description("look at weights from other programs").helpCommand(false));
}
