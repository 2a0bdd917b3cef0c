// unlabel doctor: which engine is used and why, what the machine has, what is wrong and what would make it faster.
import type { Command } from "commander";
import type { Diagnosis, EngineFacts, Facts } from "./diagnosis.ts";
import { facts as columns, finish, paint } from "./output.ts";

export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("say which engine is used, what is wrong and what would make it faster")
    .action((_: unknown, command: Command) => doctorCommand(command.optsWithGlobals<{ json?: boolean }>()));
}

async function doctorCommand({ json }: { json?: boolean }): Promise<void> {
  const { diagnose, gatherFacts } = await import("./diagnosis.ts");
  const facts = await gatherFacts();
  const diagnosis = diagnose(facts);
  finish(json === true, { ok: diagnosis.problems.length === 0, ...facts, ...diagnosis }, lines(facts, diagnosis));
  if (diagnosis.problems.length > 0) process.exitCode = 1;
}

function lines(facts: Facts, { problems, advice }: Diagnosis): string[] {
  const { engine } = facts;
  const rows: [string, string][] = [
    ["unlabel", `${facts.unlabel}, Node ${facts.node}, ${facts.platform}`],
    ["machine", `${facts.cpu}, ${facts.cores} cores to use, ${facts.memory_gb} GB`],
  ];
  if (!("problem" in engine)) {
    const devices = [
      "cpu",
      ...Array.from({ length: engine.cuda_devices }, (_, i) => `cuda:${i}`),
      ...(engine.mps ? ["mps"] : []),
    ];
    rows.push(
      ["LibTorch", `${engine.version} (${engine.why})`],
      ["devices", devices.join(", ")],
      ["threads", String(engine.threads)],
      ["bf16", bf16Of(engine)],
      ["arithmetic", `${engine.cpu_capability}, BLAS ${engine.blas}, ${engine.onednn ? "oneDNN" : "no oneDNN"}`],
    );
  }
  return [
    columns(rows, process.stdout.columns || 80),
    // A path is there to be copied, so it is never cut.
    ...("problem" in engine ? [] : [`LibTorch lies in ${engine.path}`]),
    ...problems.map((text) => `${paint("red", "✗")} ${text}`),
    ...advice.map((text) => `${paint("yellow", "•")} ${text}`),
    ...(problems.length > 0 ? [] : [`${paint("green", "✓")} ready`]),
  ];
}

/** What the CPU makes of bf16; a GPU is judged by its own capability. */
function bf16Of({ bf16_speedup: speedup, cpu_precision: auto }: EngineFacts): string {
  const found = speedup === 0 ? "not in this CPU's hardware" : `${speedup.toFixed(2)} times the speed of fp32 here`;
  return `${found}: --precision auto takes ${auto}`;
}
