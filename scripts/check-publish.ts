// Part of `npm run check`: `npm publish --dry-run` of each package. It asks no registry and nobody to log in, compiles
// nothing (the check has done that) and prints only what is wrong.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expectedContents, namedFiles, PUBLISHED, ROOT } from "./contents.ts";

const run = promisify(execFile);

interface Published {
  files: { path: string }[];
}

/** What is wrong with a package that would be published as it is now. */
async function faults(name: keyof typeof PUBLISHED): Promise<string[]> {
  const cwd = join(ROOT, PUBLISHED[name]);
  await run(process.execPath, [join(ROOT, "scripts/prune-dist.mjs")], { cwd });
  // The notices are read, which `npm run -s` would silence here too.
  const args = ["publish", "--dry-run", "--offline", "--ignore-scripts", "--json", "--loglevel", "notice"];
  const { stdout, stderr } = await run("npm", args, { cwd, maxBuffer: 1e8 });
  const answer = JSON.parse(stdout) as Record<string, Published> & Partial<Published>;
  // Older npms answer without the package's name around it.
  const found = new Set((answer[name] ?? (answer as Published)).files.map(({ path }) => path));
  const expected = expectedContents(name);
  return [
    ...expected.filter((file) => !found.has(file)).map((file) => `Expected ${file} in the package, got none`),
    ...[...found].filter((file) => !expected.includes(file)).map((file) => `Expected no ${file} in the package`),
    ...namedFiles(name)
      .filter((file) => !found.has(file))
      .map((file) => `Expected ${file}, which package.json names, in the package, got none`),
    // npm publishes a scoped package for its owner alone unless told otherwise.
    ...(name.startsWith("@") && !stderr.includes("public access")
      ? ['Expected "publishConfig": { "access": "public" } in package.json']
      : []),
    ...(stderr.match(/^npm (warn|error) publish .*(correct|invalid).*$/gim) ?? []),
  ];
}

const names = Object.keys(PUBLISHED) as (keyof typeof PUBLISHED)[];
const lines = await Promise.all(
  names.map(async (name) => {
    try {
      return (await faults(name)).map((fault) => `${name}: ${fault}`);
    } catch (error) {
      const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
      return [`${name}: Expected npm publish --dry-run to pass, got: ${said}`];
    }
  }),
);
if (lines.flat().length > 0) {
  console.error(lines.flat().join("\n"));
  process.exitCode = 1;
}
