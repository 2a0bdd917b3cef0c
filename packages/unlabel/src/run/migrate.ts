// run.json of another version, brought to this one's format. Needs no engine and no method, so that reports do without.
import { UserError } from "../base/errors.ts";
import { versionOfUnlabel } from "../base/version.ts";
import { BEFORE_AVERAGE, BEFORE_CHANNELS, BEFORE_HOLD_OUT } from "../config/defaults.ts";
import { PHOTOGRAPHS } from "../data/input.ts";

/** The format that this version writes. A change that older versions would misread raises it, and adds a migration. */
export const SCHEMA = 2;

export type Json = Record<string, unknown>;

/**
 * Turns the run.json of a version into that of the next: `migrations[n]` leads from schema n to n + 1. A setting that has
 * come since takes its preset's value; where that is not what the older version did, a migration, or `LATER` within a schema, must
 * write what it did.
 */
export type Migrations = Readonly<Record<number, (info: Json) => Json>>;

/** Before schema 2 all images were photographs. A run of schema 2 may have other channels, which older versions cannot read. */
const MIGRATIONS: Migrations = {
  1: ({ config, data, ...info }) => ({
    ...info,
    config: isObject(config) ? { ...config, ...BEFORE_CHANNELS } : config,
    data: isObject(data) ? { ...data, input: PHOTOGRAPHS } : data,
  }),
};

/** What runs of this schema did without a setting that has come since. */
const LATER = { ...BEFORE_AVERAGE, ...BEFORE_HOLD_OUT };

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/**
 * Brings what a run.json holds to this version's format.
 *
 * @throws {UserError} where it is of a later version, or of one too old, and which version it needs
 */
export function migrate(found: unknown, file: string, migrations = MIGRATIONS, schema: number = SCHEMA): Json {
  if (typeof found !== "object" || found === null || !("schema" in found) || !Number.isSafeInteger(found.schema)) {
    const got =
      typeof found === "object" && found !== null && "schema" in found ? JSON.stringify(found.schema) : "none";
    throw new UserError(`Expected a schema number in ${file}, got ${got.slice(0, 40)}; it is damaged, or no run's`);
  }
  let info: Json = { ...found };
  const writer = writerOf(info);
  for (let at = Number(info.schema); at !== schema; at++) {
    const next = migrations[at];
    if (!next) {
      const [age, needed] =
        at > schema ? ["later", writer ?? "a later version"] : ["too old for it", writer ?? "an older version"];
      throw new UserError(
        `Expected schema ${schema} in ${file} as unlabel ${versionOfUnlabel()} reads it, got ${at} (${age}); open it with unlabel ${needed}`,
      );
    }
    info = { ...next(info), schema: at + 1 };
  }
  return isObject(info.config) ? { ...info, config: { ...LATER, ...info.config } } : info;
}

/** The version that wrote it, where it says so. */
export function writerOf({ versions }: Json): string | null {
  const version = typeof versions === "object" && versions !== null && "unlabel" in versions ? versions.unlabel : null;
  return typeof version === "string" ? version.slice(0, 40) : null;
}
