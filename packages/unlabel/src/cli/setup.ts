// unlabel setup: finds or installs LibTorch and builds the native parts, for an installed package.
import type { Command } from "commander";
import { finish } from "./output.ts";

export function addSetup(program: Command): void {
  program
    .command("setup")
    .description("make this machine ready: LibTorch and the native parts")
    .action((_: unknown, command: Command) => setupCommand(command.optsWithGlobals<{ json?: boolean }>()));
}

async function setupCommand({ json }: { json?: boolean }): Promise<void> {
  const [{ setup }, { fileURLToPath }] = await Promise.all([import("@unlabel/torch/setup"), import("node:url")]);
  const reader = { name: "reader", folder: fileURLToPath(new URL("../../native", import.meta.url)) };
  const { libtorch } = await setup({ parts: [reader] });
  finish(json === true, { libtorch }, [`Ready. LibTorch ${libtorch.version} (${libtorch.why}: ${libtorch.path})`]);
}
