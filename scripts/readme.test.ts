// The packages' READMEs hold: every block of code in them is type-checked as it stands and run, one after another in one
// folder, on small images and for a few steps; every command and flag is one that there is. Needs the built dist/.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { methodNamed, readSettings, resolveConfig } from "unlabel";
import { afterAll, beforeAll, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const BIN = join(ROOT, "packages", "unlabel", "bin", "unlabel.mjs");
const MINUTE = 60_000;
const run = promisify(execFile);

// Below the clone, so that the packages are found as they are when installed.
const code = join(ROOT, "node_modules", ".cache", "readme");
const folder = mkdtempSync(join(tmpdir(), "unlabel-readme-"));

/** What a reader waits for, and a test does not. */
const SHORTER: readonly (readonly [string, string])[] = [
  ["epochs: 20 }", "steps: 2, size: 32, eval_size: 32, batch: 8, warmup_epochs: 0 }"],
  ['{ kind: "epochs", value: 20 }', '{ kind: "epochs", value: 1 }'],
  ["settings: {},", "settings: { size: 32, eval_size: 32, batch: 8, warmup_epochs: 0 },"],
  ["step === 100", "step === 1"],
];
/** What a test must not do: setting up changes the machine. */
const changesMachine = (text: string) => text.includes("@unlabel/torch/setup");

const readme = (name: string) => readFileSync(join(ROOT, "packages", name, "README.md"), "utf8");

function blocks(name: string, language: string): string[] {
  return [...readme(name).matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, found, text]) =>
    found === language ? [text!] : [],
  );
}

beforeAll(async () => {
  rmSync(code, { recursive: true, force: true });
  mkdirSync(code, { recursive: true });
  writeFileSync(join(code, "package.json"), JSON.stringify({ type: "module" }));
  cpSync(join(ROOT, "examples", "digits", "digits.ts"), join(code, "digits.ts"));
  cpSync(join(ROOT, "examples", "own-method", "rotation.mjs"), join(folder, "rotation.mjs"));
  for (let i = 0; i < 60; i++) {
    const kind = i % 2;
    const path = join(folder, "photos", i % 5 === 4 ? "val" : "train", ["stripes", "rings"][kind]!, `${i}.png`);
    mkdirSync(dirname(path), { recursive: true });
    const pixels = Uint8Array.from({ length: 40 * 40 * 3 }, (_, at) => {
      const [x, y] = [Math.floor(at / 3) % 40, Math.floor(at / 120)];
      return 127 + 120 * Math.sin(kind === 0 ? x / 3 + i : Math.hypot(x - 20, y - 20) / 2 + i);
    });
    await sharp(pixels, { raw: { width: 40, height: 40, channels: 3 } }).toFile(path);
  }
  await sharp(join(folder, "photos", "train", "rings", "1.png"))
    .jpeg()
    .toFile(join(folder, "cat.jpg"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it(
  "type-checks every block",
  async () => {
    for (const name of ["torch", "unlabel"])
      for (const [i, text] of blocks(name, "ts").entries())
        writeFileSync(join(code, `${name}-${i}.ts`), `${text}export {};\n`);
    writeFileSync(
      join(code, "tsconfig.json"),
      JSON.stringify({
        extends: join(ROOT, "tsconfig.base.json"),
        compilerOptions: {
          noEmit: true,
          composite: false,
          declaration: false,
          declarationMap: false,
          sourceMap: false,
        },
        include: ["*.ts"],
      }),
    );
    const checked = run(join(ROOT, "node_modules", ".bin", "tsc"), ["-p", code]).then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => stdout,
    );
    expect(await checked).toBe("");
  },
  2 * MINUTE,
);

it.each(["torch", "unlabel"])(
  "runs every block of %s",
  async (name) => {
    const files = blocks(name, "ts").flatMap((text, i) => {
      if (changesMachine(text)) return [];
      const file = join(code, `${name}-${i}-shorter.ts`);
      writeFileSync(file, `${SHORTER.reduce((out, [long, short]) => out.replaceAll(long, short), text)}export {};\n`);
      return [file];
    });
    expect(files.length).toBeGreaterThan(4);
    const all = join(code, `${name}-all.ts`);
    writeFileSync(
      all,
      files
        .map((file) => `await import(${JSON.stringify(file)});\n`)
        .join("")
        .concat("export {};\n"),
    );
    const tsx = join(ROOT, "node_modules", ".bin", "tsx");
    const { stdout } = await run(tsx, [all], { cwd: folder, maxBuffer: 1e8 });
    expect(stdout).not.toBe("");
    if (name === "unlabel") expect(stdout).toContain("true\ntrue\n");
  },
  5 * MINUTE,
);

it(
  "speaks of commands and flags that there are",
  async () => {
    const lines = ["unlabel", "torch"].flatMap((name) => [
      ...readme(name).matchAll(/^npx unlabel (.*?)(?:\s+#.*)?$/gm),
    ]);
    expect(lines.length).toBeGreaterThan(8);
    const help = new Map<string, string>();
    for (const [, line] of lines) {
      const [command] = line!.split(" ");
      if (!help.has(command!)) help.set(command!, (await run(process.execPath, [BIN, command!, "--help"])).stdout);
      for (const [flag] of line!.matchAll(/(?<= )--?[a-z][a-z-]*/g)) expect(help.get(command!), line).toContain(flag);
    }
  },
  2 * MINUTE,
);

it("shows settings that there are", () => {
  const [text] = blocks("unlabel", "yaml");
  const file = join(folder, "mine.yaml");
  writeFileSync(file, text!);
  const config = resolveConfig({ file: { name: file, settings: readSettings(file) } });
  expect(config).toMatchObject({ method: "mae", preset: "small", epochs: 100, mask_ratio: 0.6 });
  expect(methodNamed(config.method).about.title).toBe("MAE");
});
