// `npm run test:sanitize [-- --count N --family N]`: the native reader, built with AddressSanitizer, LeakSanitizer and
// UndefinedBehaviorSanitizer and without Node, reads 10,000 damaged JPEGs from files and from memory.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mutant } from "./mutants.ts";
import { makeSeeds } from "./seeds.ts";

const NATIVE = join(import.meta.dirname, "..", "..", "..", "native");
const FLAGS = [
  "-std=c++20",
  "-O1",
  "-g",
  "-fno-omit-frame-pointer",
  "-ffp-contract=off",
  "-Wno-psabi",
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=all",
];

const { values } = parseArgs({
  options: { count: { type: "string", default: "10000" }, family: { type: "string", default: "1" } },
});
const folder = mkdtempSync(join(tmpdir(), "unlabel-sanitize-"));
try {
  const driver = join(folder, "driver");
  const compiler = process.env.CXX ?? "c++";
  const sources = readdirSync(NATIVE).filter((name) => name.endsWith(".cc") && !needsNode(name));
  console.log(`building ${sources.join(", ")} with ${FLAGS.at(-2)}`);
  execFileSync(
    compiler,
    [
      ...FLAGS,
      `-I${NATIVE}`,
      join(import.meta.dirname, "driver.cc"),
      ...sources.map((name) => join(NATIVE, name)),
      "-ljpeg",
      "-pthread",
      "-o",
      driver,
    ],
    { stdio: "inherit" },
  );
  const seeds = await makeSeeds("jpeg");
  const names = Array.from({ length: Number(values.count) }, (_, index) => {
    const { name, bytes } = mutant(seeds, Number(values.family), index);
    writeFileSync(join(folder, name), bytes);
    return name;
  });
  const { status, signal, stdout, stderr } = spawnSync(driver, [folder], {
    input: names.map((name) => `${name}\n`).join(""),
    encoding: "utf8",
    env: {
      ...process.env,
      ASAN_OPTIONS: "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=0",
      UBSAN_OPTIONS: "print_stacktrace=1",
    },
  });
  process.stdout.write(`${names.length} damaged JPEGs, each from a file and from memory: ${stdout}`);
  process.stderr.write(stderr);
  if (status !== 0) {
    console.log(`The sanitizers object (${signal ?? `exit ${status}`}).`);
    process.exitCode = 1;
  } else console.log("The sanitizers found no error and no leak.");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Whether a source, or a header of ours that it includes, includes Node's. */
function needsNode(name: string, seen = new Set<string>()): boolean {
  if (seen.has(name)) return false;
  seen.add(name);
  const text = readFileSync(join(NATIVE, name), "utf8");
  if (/#include <napi\.h>/.test(text)) return true;
  const headers = [...text.matchAll(/#include "([\w.-]+)"/g)].map(([, header]) => header!);
  return headers.some((header) => needsNode(header, seen));
}
