// How refusals of settings read: "Expected ‹what it may be› for ‹key›, got ‹value›", with a guess at what was meant.
import type { z } from "zod";
import { UsageError } from "../base/errors.ts";
import type { Settings } from "./settings.ts";
import { either, nearest } from "./suggest.ts";

/** A value as people wrote it, shortened. */
export function show(value: unknown): string {
  const text = typeof value === "number" ? String(value) : inJson(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function inJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return "a value that contains itself";
  }
}

/** One of a few words. @throws {UsageError} for anything else, with the nearest of them */
export function choice<T extends string>(
  key: string,
  value: unknown,
  words: readonly T[],
  otherwise: T | undefined,
): T {
  const found = words.find((word) => word === (value ?? otherwise));
  if (found !== undefined) return found;
  const got = value === undefined ? "none" : show(value);
  const guess = typeof value === "string" ? nearest(value, words) : null;
  throw new UsageError(`Expected ${either(words)} for ${key}, got ${got}${guess ? ` (did you mean ${guess}?)` : ""}`);
}

/**
 * Checks a few settings that stand on their own.
 *
 * @throws {UsageError} naming each one that makes no sense, and what it may be
 */
export function checkSettings<O extends z.ZodObject>(schema: O, given: Settings): z.infer<O> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const known = Object.keys(schema.shape);
  const problems = parsed.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" ? issue.keys.map((key) => unknown(key, known)) : describe(issue, given),
  );
  throw new UsageError(once(problems));
}

function unknown(key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  return `Unknown setting ${key}${guess ? ` (did you mean ${guess}?)` : ""}`;
}

/** All of them in one line; a value may break several rules of one kind (1e99 is too large, and no safe integer). */
export function once(problems: string[]): string {
  return [...new Set(problems)].join("; ");
}

/** What a setting may be, and what it is instead. */
export function describe(issue: z.core.$ZodIssue, given: Settings): string {
  const key = String(issue.path[0]);
  const value = given[key];
  const words = typeof value === "string" && issue.code === "invalid_value" ? issue.values.map(String) : [];
  const guess = words.length > 0 ? nearest(String(value), words) : null;
  return `Expected ${issue.message} for ${key}, got ${show(value)}${guess ? ` (did you mean ${guess}?)` : ""}`;
}
