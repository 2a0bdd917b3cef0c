// The methods by name: one line each.
import type { MaeConfig, SimclrConfig } from "../config/schema.ts";
import { Mae } from "./mae/method.ts";
import type { Method } from "./method.ts";
import { SimClr } from "./simclr/method.ts";

export { Mae, type Reconstruction } from "./mae/method.ts";
export { type LossOutput, Method } from "./method.ts";
export { SimClr } from "./simclr/method.ts";

interface Configs {
  simclr: SimclrConfig;
  mae: MaeConfig;
}

const methods: { [Name in keyof Configs]: (config: Configs[Name]) => Method } = {
  simclr: (config) => new SimClr(config),
  mae: (config) => new Mae(config),
};

/**
 * The method that a config asks for, freshly initialised from LibTorch's generator.
 *
 * @throws {UserError} for settings that do not fit each other, such as a patch that does not divide the image
 */
export function createMethod<Name extends keyof Configs>(config: Configs[Name] & { method: Name }): Method {
  return methods[config.method](config);
}
