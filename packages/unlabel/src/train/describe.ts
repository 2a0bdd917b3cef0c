// A run in words and numbers before its first step: run.json as it begins, and the lines that people read.
import { engineInfo } from "@unlabel/torch";
import { counted } from "../base/text.ts";
import { versionOfUnlabel } from "../base/version.ts";
import type { Stage } from "../config/growth.ts";
import type { Dataset } from "../data/folder.ts";
import { savedHoldOut } from "../data/hold-out.ts";
import { PHOTOGRAPHS } from "../data/input.ts";
import { absoluteRoot } from "../data/open.ts";
import { recorded } from "../data/understood.ts";
import { lossWords } from "../methods/about.ts";
import { droppedColors, methodNamed } from "../methods/registry.ts";
import type { RunInfo } from "../run/directory.ts";
import { SCHEMA } from "../run/migrate.ts";
import type { Built } from "./build.ts";
import type { Plan } from "./plan.ts";
import type { Settled } from "./settle.ts";

/** run.json of a run that has not begun. */
export function describe(
  { command, commit, teacher }: Pick<Plan, "command" | "commit" | "teacher">,
  { config, machine, reasons, group }: Settled,
  data: Dataset,
  { method, stepsPerEpoch, growth }: Built,
): RunInfo {
  const { about } = methodNamed(config.method);
  const count = (tensors: { numel: number }[]) => tensors.reduce((sum, { numel }) => sum + numel, 0);
  return {
    schema: SCHEMA,
    status: "running",
    method: config.method,
    about: { title: about.title, paper: about.paper, loss: lossWords(about, config) },
    draws: "by place",
    config,
    ...(reasons.length > 0 && { chosen: reasons }),
    seed: config.seed,
    created: new Date().toISOString(),
    finished: null,
    versions: { unlabel: versionOfUnlabel(), libtorch: engineInfo().version, node: process.versions.node },
    ...machine,
    ...(group.several && { ranks: group.worldSize }),
    commit,
    command,
    data: {
      // Whole, so that a run can be resumed and probed from anywhere.
      root: absoluteRoot(data.root),
      layout: data.layout,
      fingerprint: data.fingerprint,
      train: data.train.items.length,
      val: data.val?.items.length ?? 0,
      classes: data.classes,
      understood: recorded(data),
      ...(data.heldOut && { held_out: savedHoldOut(data.heldOut) }),
      input: data.train.input ?? PHOTOGRAPHS,
      ...(data.order && { order: data.order }),
    },
    parameters: { encoder: count(method.encoder.parameters()), total: count(method.parameters()) },
    chance: method.chance,
    floor: method.floor,
    steps_per_epoch: stepsPerEpoch,
    ...(teacher && { teacher: teacher.record }),
    ...growth.recorded,
    result: null,
  };
}

/**
 * The first lines of a training's log: what learns from what, for how long, on what, and into which folder.
 *
 * @param place `through`: what tensors travel by between ranks
 */
export function introduction(
  { method, config, parameters, data, device, precision, threads, ranks, versions, steps_per_epoch, growth }: RunInfo,
  { out, total, start, through }: { out: string; total: number; start: number; through: string },
): string[] {
  const dropped = droppedColors(config);
  const millions = (n: number) => `${(n / 1e6).toFixed(1)}M`;
  return [
    `${method} ${config.encoder}, ${millions(parameters.encoder)} parameters (${millions(parameters.total)} with heads), ${data.train} images at ${config.size} px`,
    ...(growth ? [`views grow: ${stagesInWords(growth.stages)}`] : []),
    `${counted(total, "step")} of ${config.batch} images, ${steps_per_epoch} an epoch${start > 0 ? `, from step ${start}` : ""}`,
    ...(ranks ? [`${ranks} ranks of ${config.batch / ranks} images each, joined by ${through}`] : []),
    `${device}, ${precision}, ${threads} ${threads === 1 ? "thread" : "threads"}, LibTorch ${versions.libtorch} → ${out}`,
    ...(config.weights_average === null
      ? []
      : [`evaluation will see a momentum average of the encoder's weights, decay ${config.weights_average}`]),
    ...(dropped.length > 0
      ? [
          `left out, since ${config.channels === 1 ? "1 channel has" : `${config.channels} channels have`} no red, green and blue: ${dropped.join(", ")}`,
        ]
      : []),
  ];
}

/** `32 px, 48 px from step 101 on, 64 px from step 201 on`. */
function stagesInWords(stages: readonly Stage[]): string {
  return stages.map(({ from, size }) => `${size} px${from > 0 ? ` from step ${from + 1} on` : ""}`).join(", ");
}
