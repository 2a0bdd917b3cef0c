// What makes a method: what is known of it, its own settings, its views, and how it is built.

import type { z } from "zod";
import { UsageError } from "../base/errors.ts";
import { type CommonConfig, commonSchema, type SettledChannels } from "../config/common.ts";
import type { Settings } from "../config/settings.ts";
import type { ViewSpec } from "../data/views.ts";
import type { Encoder } from "../encoders/encoder.ts";
import type { About } from "./about.ts";
import type { Method } from "./method.ts";
import type { Teacher } from "./shared/teacher.ts";

/** A resolved config with a method's own keys. */
export type ConfigOf<Own extends z.ZodRawShape> = CommonConfig & SettledChannels & z.infer<z.ZodObject<Own>>;

/** A method: what is known of it, its own settings, its views, and how it is built. */
export interface MethodDefinition<Own extends z.ZodRawShape = z.ZodRawShape> {
  /** What help, reports and forecasts say of it. */
  about: About;
  /** Its own keys alone, of the kinds in config/fields.ts; what all methods share is there already. */
  schema: Own;
  /** How its encoder differs from the architecture's usual form; a ViT's `positions`, which a ResNet does not have. */
  encoder?: { positions?: "learned" | "sincos" };
  /** Settings that contradict each other, a line each. @param given the settings that the user has just given */
  check?(config: ConfigOf<Own>, given: Settings): string[];
  /**
   * The views of an image that the loss takes, one entry a kind. Asked again with a smaller `size` where views grow (`size_start`), which
   * `check` refuses where the loss takes views of one size alone.
   */
  views(config: ConfigOf<Own>): ViewSpec[];
  /**
   * Heads and loss around a fresh encoder; what is drawn comes from LibTorch's generator, so that a seed gives the same weights. `teacher` is
   * there where the method learns from one (`about.teacher`) and trains; where a run of it is evaluated it is null.
   */
  create(parts: { config: ConfigOf<Own>; encoder: Encoder; teacher: Teacher | null }): Method;
}

/**
 * Defines a method; see `examples/own-method` for one in a single file.
 *
 * @throws {UsageError} for a name that cannot be one, no preset `small`, or a key of its own that every method has
 */
export function defineMethod<Own extends z.ZodRawShape>(definition: MethodDefinition<Own>): MethodDefinition<Own> {
  const { about, schema } = definition;
  const { name, presets } = about;
  if (!/^[a-z0-9]+$/.test(name))
    throw new UsageError(`Expected a method's name of a-z and 0-9, got ${JSON.stringify(name)}`);
  if (!("small" in presets)) throw new UsageError(`Expected a preset small of method ${name}, got none`);
  const odd = Object.keys(schema).find((key) => !/^[a-z][a-z0-9_]*$/.test(key));
  if (odd !== undefined)
    throw new UsageError(`Expected keys of a-z, 0-9 and _ in the schema of method ${name}, got ${odd}`);
  const taken = Object.keys(schema).find((key) => key in commonSchema || ["method", "preset", "encoder"].includes(key));
  if (taken !== undefined)
    throw new UsageError(
      `Expected keys of its own in the schema of method ${name}, got ${taken}, which every method has`,
    );
  return definition;
}
