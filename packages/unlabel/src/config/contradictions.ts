// Settings common to all methods that are each allowed but make no sense together, and flags that would change nothing.
import { misfit } from "./channels.ts";
import type { Config } from "./common.ts";
import { growthProblems } from "./growth.ts";
import type { Settings } from "./settings.ts";

/** Refuses settings that were just given and would change nothing. */
export function refusals(given: Settings, problems: string[]): (key: string, when: boolean, why: string) => void {
  return (key, when, why) => {
    if (key in given && when) problems.push(`Expected no ${key} with ${why}, where it would change nothing`);
  };
}

/** A line for each contradiction; `flags` are the settings that the user has just given, `vit` whether the encoder is one. */
export function contradictions(config: Config, flags: Settings, vit: boolean): string[] {
  const adam = config.optimizer.startsWith("adam");
  const problems: string[] = [];
  const refuse = refusals(flags, problems);
  refuse("patch", !vit, `encoder ${config.encoder}`);
  refuse("betas", !adam, `optimizer ${config.optimizer}`);
  refuse("momentum", adam, `optimizer ${config.optimizer}`);
  for (const key of ["epochs", "steps"]) refuse(key, "budget" in flags, "a budget, which sets it");
  if (vit && config.size % config.patch !== 0) {
    problems.push(`Expected a size that patch ${config.patch} divides, got ${config.size}`);
  }
  if (vit && config.eval_size !== null && config.eval_size % config.patch !== 0) {
    problems.push(`Expected an eval_size that patch ${config.patch} divides, got ${config.eval_size}`);
  }
  for (const key of ["init_channels", "init_license", "freeze_encoder_steps"])
    refuse(key, config.init === null, "init null");
  if (config.steps !== null && config.freeze_encoder_steps > 0 && config.freeze_encoder_steps >= config.steps) {
    problems.push(
      `Expected fewer than steps (${config.steps}) for freeze_encoder_steps, got ${config.freeze_encoder_steps}: the encoder would never learn`,
    );
  }
  refuse("grow_until", config.size_start === null, "size_start null");
  problems.push(...growthProblems(config, vit));
  problems.push(...channelProblems(config));
  refuse("cache_mb", config.cache === "off" || config.cache === "disk", `cache ${config.cache}`);
  refuse("cache_side", config.cache === "off" || config.cache === "auto", `cache ${config.cache}`);
  if (config.cache === "disk" && config.cache_side === null) {
    problems.push("Expected a cache_side for cache disk, which keeps smaller images; 256 suits views of 224");
  }
  if (config.steps === null && config.warmup_epochs > config.epochs) {
    problems.push(
      `Expected at most epochs (${config.epochs}) for warmup_epochs, got ${config.warmup_epochs}; set warmup_epochs too`,
    );
  }
  if (config.micro_batch !== null && config.batch % config.micro_batch !== 0) {
    problems.push(`Expected a micro_batch that divides batch ${config.batch}, got ${config.micro_batch}`);
  }
  return problems;
}

/** What is said of channels in several settings must agree; where they are `auto`, that is seen with the images. */
function channelProblems({ channels, bands, mean, std, tiles, size }: Config): string[] {
  const problems: string[] = [];
  if (tiles !== null && tiles < size) {
    problems.push(`Expected tiles of at least size (${size} px), got ${tiles}; set larger tiles or a smaller size`);
  }
  if (bands !== null && channels !== "auto" && bands.length !== channels) {
    problems.push(
      `Expected as many bands as channels (${channels}), got ${bands.length} (${bands.join(",")}); leave one of the two out`,
    );
  }
  if (channels === "auto") return problems;
  if (mean !== "auto" && mean.length !== channels) problems.push(misfit("mean", mean, channels));
  if (std !== "auto" && std.length !== channels) problems.push(misfit("std", std, channels));
  return problems;
}
