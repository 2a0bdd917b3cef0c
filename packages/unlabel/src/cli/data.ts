// unlabel data …: what concerns images before training.
import type { Command } from "commander";
import { addDataCheck } from "./data-check.ts";

export function addData(program: Command): void {
  const data = program.command("data").description("look at images before training on them").helpCommand(false);
  for (const add of [addDataCheck]) add(data);
}
