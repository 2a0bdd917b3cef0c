// Mutates the files of one parser and reads them, case after case, in a process that its parent watches. Which case is under
// way stands in a file at any moment, so that a crash or a hang names it.
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { mutate } from "./mutate.ts";
import { filesOf, PARSERS } from "./parsers.ts";
import { randomFrom } from "./random.ts";

const [name = "", seedText = "1", from = "0", seconds = "1", scratch = "", cases = "Infinity"] = process.argv.slice(2);
const parser = PARSERS[name]!;
const seed = Number(seedText);
const progress = openSync(join(scratch, "progress"), "w");

const intact = join(scratch, "intact");
mkdirSync(intact, { recursive: true });
await parser.make(intact);
const files = filesOf(intact);
const targets = files.filter((file) => parser.mutated?.test(file.name) ?? true);
await parser.parse(intact);

const counts = { cases: 0, accepted: 0, refused: 0 };
const bad: { case: number; file: string; error: string }[] = [];
const until = performance.now() + 1000 * Number(seconds);
for (let i = Number(from); performance.now() < until && i < Number(cases); i++) {
  writeSync(progress, String(i).padEnd(16), 0);
  const random = randomFrom(seed * 1_000_003 + i);
  const target = targets[random(0, targets.length - 1)]!;
  const folder = mkdtempSync(join(scratch, "case-"));
  for (const file of files) {
    const bytes = file === target ? mutate(file.bytes, random, parser.words) : file.bytes;
    mkdirSync(join(folder, file.name, ".."), { recursive: true });
    writeFileSync(join(folder, file.name), bytes);
  }
  counts.cases++;
  try {
    await parser.parse(folder);
    counts.accepted++;
  } catch (error) {
    counts.refused++;
    if (!isStated(error)) {
      counts.refused--;
      bad.push({
        case: i,
        file: target.name,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  }
  rmSync(folder, { recursive: true, force: true });
  if (bad.length >= 5) break;
}
writeFileSync(join(scratch, "outcome.json"), JSON.stringify({ ...counts, bad }));

/** A refusal in words: what the command line prints as one line. */
function isStated(error: unknown): boolean {
  const words = error instanceof UserError || (error instanceof Error && error.name === "TorchError");
  return words && error.message.length > 0 && error.message.length < 4000;
}
