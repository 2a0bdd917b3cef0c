// unlabel data …: what concerns images before training.
import type { Command } from "commander";
import { addDataCheck } from "./data-check.ts";
import { addDataFetch } from "./data-fetch.ts";

export function addData(program: Command): void {
  const data = program.command("data").description("fetch images, and look at them before training").helpCommand(false);
  for (const add of [addDataFetch, addDataCheck]) add(data);
}
