// The methods: what they are made of, and which there are.
export type { About, Choice, Facts, Flag, Preset } from "./about.ts";
export { type ConfigOf, defineMethod, type MethodDefinition } from "./define.ts";
export {
  type LossOutput,
  Method,
  type ParameterGroup,
  type Pictures,
  type Progress,
  type Reading,
  type StepProgress,
} from "./method.ts";
export { addMethod, createMethod, isSetting, methodNamed, methods, resolveConfig } from "./registry.ts";
