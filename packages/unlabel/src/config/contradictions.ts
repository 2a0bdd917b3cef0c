// Settings that are each allowed but make no sense together, and flags that would change nothing.

import type { Config } from "./schema.ts";
import type { Settings } from "./settings.ts";

/** A line for each contradiction; `flags` are the settings that the user has just given. */
export function contradictions(config: Config, flags: Settings): string[] {
  const vit = config.encoder.startsWith("vit");
  const adam = config.optimizer.startsWith("adam");
  const blocks = config.method === "mae" && config.decoder !== "mlp";
  const problems: string[] = [];
  const refuse = (key: string, when: boolean, why: string) => {
    if (key in flags && when) problems.push(`Expected no ${key} with ${why}, where it would change nothing`);
  };
  refuse("patch", !vit, `encoder ${config.encoder}`);
  refuse("stem", vit, `encoder ${config.encoder}`);
  refuse("betas", !adam, `optimizer ${config.optimizer}`);
  refuse("momentum", adam, `optimizer ${config.optimizer}`);
  if (config.method === "mae") {
    refuse("decoder_depth", !blocks, `decoder ${config.decoder}`);
    refuse("predict_share", config.decoder !== "cross", `decoder ${config.decoder}`);
    refuse("decoder_heads", !blocks, `decoder ${config.decoder}`);
  }
  for (const key of ["epochs", "steps"]) refuse(key, "budget" in flags, "a budget, which sets it");
  if (vit && config.size % config.patch !== 0) {
    problems.push(`Expected a size that patch ${config.patch} divides, got ${config.size}`);
  }
  if (vit && config.eval_size !== null && config.eval_size !== config.size) {
    problems.push(
      `Expected no eval_size other than size ${config.size} with ${config.encoder}, which has positions for no other`,
    );
  }
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
  if (config.method === "simclr" && config.batch < 2) {
    problems.push("Expected at least 2 for batch, since SimCLR contrasts an image with the others of its batch, got 1");
  }
  if (config.method === "mae") {
    const patches = Math.floor(config.size / config.patch) ** 2;
    const visible = Math.floor(patches * (1 - config.mask_ratio));
    if (visible < 1 || visible >= patches) {
      problems.push(
        `Expected a mask_ratio that leaves some of ${patches} patches visible and hides some, got ${config.mask_ratio}`,
      );
    }
    if (blocks && config.decoder_width % config.decoder_heads !== 0) {
      problems.push(
        `Expected a decoder_width that decoder_heads ${config.decoder_heads} divides, got ${config.decoder_width}`,
      );
    }
    if (blocks && config.decoder_width % 4 !== 0) {
      problems.push(
        `Expected a multiple of 4 for decoder_width (sin-cos positions on two axes), got ${config.decoder_width}`,
      );
    }
  }
  return problems;
}
