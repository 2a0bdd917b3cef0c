// Kinds of setting, each with the words that say what it accepts: a refusal reads "Expected ‹those words› for ‹key›, got ‹value›".
import { z } from "zod";
import { parseDuration } from "../base/duration.ts";
import { MOST_CHANNELS } from "./defaults.ts";

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** A number from `min` to `max`, both allowed. */
export function number(min: number, max: number) {
  const error = `a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

/** A number above `min` and at most `max`. */
export function above(min: number, max: number) {
  const error = `a number above ${min} and at most ${max}`;
  return z.number({ error }).gt(min, { error }).max(max, { error });
}

/** A number from `min` to just below `max`. */
export function below(min: number, max: number) {
  const error = `a number from ${min} to below ${max}`;
  return z.number({ error }).min(min, { error }).lt(max, { error });
}

/** A number above `min` and below `max`. */
export function between(min: number, max: number) {
  const error = `a number between ${min} and ${max}`;
  return z.number({ error }).gt(min, { error }).lt(max, { error });
}

/** Both numbers of `[first, second]`, each from 0 to below 1: Adam's decay rates. */
export function decayRates() {
  const error = "two numbers from 0 to below 1, as in [0.9, 0.999],";
  const rate = z.number({ error }).min(0, { error }).lt(1, { error });
  return z.tuple([rate, rate], { error });
}

/** How many channels images have for the network: a number, or `auto` for what the files have. */
export function channels() {
  const error = `auto or a whole number from 1 to ${MOST_CHANNELS}`;
  return z.union([z.literal("auto"), z.int({ error }).min(1, { error }).max(MOST_CHANNELS, { error })], { error });
}

/** A file's bands by number, from 1, one for each channel: a list, or as people write it, `4,3,2`. */
export function bands() {
  const error = `numbers of bands from 1 on, one a channel (${MOST_CHANNELS} at most), as in 4,3,2`;
  const band = z.int({ error }).min(1, { error }).max(65_535, { error });
  return z.preprocess(listed, z.array(band, { error }).min(1, { error }).max(MOST_CHANNELS, { error }).nullable());
}

/** Which samples are black and white: `auto`, `type` or the two values, `0,3000`. */
export function range() {
  const error = "auto, type or the values of black and white, the lower first, as in 0,3000,";
  const ends = z.tuple([z.number({ error }), z.number({ error })], { error });
  return z.preprocess(
    (value) => (value === "auto" || value === "type" ? value : listed(value)),
    z.union([z.enum(["auto", "type"]), ends.refine(([low, high]) => low < high, { error })], { error }),
  );
}

/** One number for each channel, three of red, green and blue; or `auto`, which measures them. */
export function perChannel(min: number, max: number) {
  const error = `auto or numbers from ${min} to ${max}, one a channel (three for red, green, blue)`;
  const channel = z.number({ error }).min(min, { error }).max(max, { error });
  const numbers = z.array(channel, { error }).min(1, { error }).max(MOST_CHANNELS, { error });
  return z.preprocess(
    (value) => (value === "auto" ? value : listed(value)),
    z.union([z.literal("auto"), numbers], { error }),
  );
}

/** `4,3,2` and `4` as lists of numbers; anything else as it is. */
function listed(value: unknown): unknown {
  if (typeof value === "number") return [value];
  if (typeof value !== "string" || value.trim() === "") return value;
  const numbers = value.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  return numbers.every(Number.isFinite) ? numbers : value;
}

/** One of a few words. */
export function oneOf<const T extends readonly [string, ...string[]]>(...words: T) {
  return z.enum(words, { error: words.length === 1 ? words[0] : `one of ${words.join(", ")}` });
}

/** A time in seconds, or as people write it: `90s`, `8m`, `1h30m`. */
export function duration(min: number, max: number) {
  const error = `a time from ${min}s to ${max / 3600}h, such as 90s or 8m`;
  const seconds = z.number({ error }).min(min, { error }).max(max, { error });
  return z.preprocess((value) => (typeof value === "string" ? (parseDuration(value) ?? value) : value), seconds);
}

/** Where something lies: a file or a folder. */
export function path() {
  const error = "a file or a folder";
  return z.string({ error }).refine((text) => text.trim() !== "", { error });
}

/** A licence by its identifier, as SPDX and the hub have them. */
export function licence() {
  const error = "a licence's identifier such as cc-by-nc-4.0";
  return z.string({ error }).regex(/^[\w.+-]{1,100}$/, { error });
}

/** Yes or no. */
export function flag() {
  return z.boolean({ error: "true or false" });
}

/** How many threads compute: a number, or `auto` for what the machine (or its container) gives. */
export function threads() {
  const error = "auto or a whole number from 1 to 1024";
  return z.union([z.literal("auto"), z.int({ error }).min(1, { error }).max(1024, { error })], { error });
}

/** Where to compute, by PyTorch's names; `auto` is the first GPU that answers, else the CPU. */
export function device() {
  const error = "auto, cpu, cuda, cuda:N or mps";
  return z.string({ error }).regex(/^(auto|cpu|mps|cuda(:\d+)?)$/, { error });
}
