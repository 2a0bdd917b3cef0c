// Brace patterns as shells and WebDataset have them: shard-{000..099}.tar, {train,val}-0.tar.
import { UserError } from "../../base/errors.ts";

const MOST = 100_000;

/**
 * All names that a pattern stands for, in its order.
 *
 * @throws {UserError} where it stands for too many
 */
export function expandBraces(pattern: string): string[] {
  const [whole, inner] = /\{([^{}]+)\}/.exec(pattern) ?? [];
  if (whole === undefined || inner === undefined) return [pattern];
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(inner) ?? [];
  const choices = from !== undefined && to !== undefined ? range(from, to, pattern) : inner.split(",");
  // Replaced by function: a name may hold a `$`. Inner braces go first, so that outer choices come up once for each of them.
  const all = [...new Set(choices.flatMap((choice) => expandBraces(pattern.replace(whole, () => choice))))];
  if (all.length > MOST) throw tooMany(pattern);
  return all;
}

function range(from: string, to: string, pattern: string): string[] {
  const [first, last] = [Number(from), Number(to)];
  if (last < first || last - first >= MOST) throw tooMany(pattern);
  return Array.from({ length: last - first + 1 }, (_, i) => String(first + i).padStart(from.length, "0"));
}

function tooMany(pattern: string): UserError {
  return new UserError(`Expected a rising range of at most ${MOST} names, got ${pattern}`);
}
