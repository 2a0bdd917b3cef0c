// The lines that model cards give for TypeScript, Python and the browser, run as they stand: only paths are put in, and what a reader has to
// bring: a picture, or samples.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { loadEncoder } from "../packages/unlabel/src/eval/load-encoder.ts";
import type { Target } from "../packages/unlabel/src/export/options.ts";
import { CHROMIUM, serve } from "./browser.ts";
import type { Python } from "./environment.ts";
import { type Case, folderOf, type Outcome } from "./runs.ts";
import { samples } from "./samples.ts";

/** Exports whose cards are run: every program, photographs and five bands. */
export const CARDS: readonly Pick<Case, "run" | "to" | "file">[] = [
  { run: "resnet18", to: "onnx", file: "model.onnx" },
  { run: "vit_tiny-5", to: "onnx", file: "model.onnx" },
  { run: "vit_tiny", to: "timm" },
  { run: "resnet18-5", to: "timm" },
  { run: "convnext_tiny", to: "transformers" },
  { run: "vit_tiny-5", to: "transformers" },
];

/** A JPEG of another program's decoder is a level apart now and then. */
const LEAST = 0.999;
const ROOT = join(import.meta.dirname, "..");
/**
 * Less than twice what encoders see: of larger JPEGs unlabel's own reader shrinks some already as it decodes them. And what is cut off is even at
 * 32 and 64 px: of an odd difference transformers' processors round the half down.
 */
const [WIDTH, HEIGHT] = [60, 40];

interface Places {
  python: Python;
  /** A folder whose node_modules has transformers.js and onnxruntime-web. */
  node: string;
}

/** @param root where exports lie */
export async function runCards(root: string, places: Places): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const one of CARDS) {
    const folder = join(root, folderOf(one));
    const work = join(root, "cards", basename(folder));
    const bands = one.run.endsWith("-5") ? 5 : 3;
    const expected = await prepare(work, join(root, "runs", one.run), folder, bands);
    const card = readFileSync(join(folder, "README.md"), "utf8");
    const blocks = [...card.matchAll(/```(ts|python|html)\n([\s\S]*?)```/g)].map(
      ([, language, code]) => [language, code] as const,
    );
    if (blocks.length === 0)
      outcomes.push({ what: `card of ${basename(folder)}`, found: "no lines to run", good: false });
    for (const [language, code] of blocks) {
      const lines = code!.trimEnd().split("\n").length;
      const what = `card of ${basename(folder)}, ${lines} lines of ${LANGUAGES[language as Language]}`;
      outcomes.push({
        what,
        ...judged(
          await run(language as Language, filled(code!, folder, bands), { ...places, work, to: one.to }),
          expected,
          one.to,
        ),
      });
    }
  }
  return outcomes;
}

const LANGUAGES = { ts: "TypeScript", python: "Python", html: "the browser" } as const;
type Language = keyof typeof LANGUAGES;

/** A picture, samples, and what the run's own encoder makes of them. */
async function prepare(work: string, run: string, folder: string, bands: number): Promise<number[]> {
  mkdirSync(work, { recursive: true });
  const data = samples(WIDTH, HEIGHT, bands, 77);
  if (bands === 3) {
    const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
    await sharp(data, { raw }).jpeg({ quality: 97, chromaSubsampling: "4:4:4" }).toFile(join(work, "cat.jpg"));
  }
  writeFileSync(join(work, "samples.bin"), new Uint8Array(data.buffer));
  for (const file of ["model.onnx", "model_with_preprocessing.onnx"]) symlinkSync(join(folder, file), join(work, file));
  using encoder = await loadEncoder(run, { precision: "fp32" });
  const image = bands === 3 ? join(work, "cat.jpg") : { data, width: WIDTH, height: HEIGHT, channels: bands };
  return [...(await encoder.encode(image))];
}

/** What a reader puts in: where the folder lies, and samples for those images that no program decodes by itself. */
function filled(code: string, folder: string, bands: number): string {
  const here = code
    .replaceAll("PATH/OF/THIS/FOLDER", folder)
    .replaceAll("FOLDER/ABOVE/THIS/ONE", dirname(folder))
    .replaceAll("NAME/OF/THIS/FOLDER", basename(folder));
  if (bands === 3) return here;
  return here
    .replace(
      /^\/\/ samples: .*$/m,
      `const [height, width] = [${HEIGHT}, ${WIDTH}];\nconst samples = new Uint16Array((await import("node:fs")).readFileSync("samples.bin").buffer.slice(0));`,
    )
    .replace(/^# samples: .*$/m, `samples = np.fromfile("samples.bin", "<u2").reshape(${HEIGHT}, ${WIDTH}, ${bands})`);
}

type Ran = { features: number[] | null } | { error: string };

/**
 * Features where the lines have any: those of timm's and transformers' models may be others than ours. Nor is what transformers.js makes of a
 * picture held against ours: it resizes by other means (sharp, a canvas) than Pillow's filter. Its models are, on `pixel_values`.
 */
function judged(ran: Ran, expected: readonly number[], to: Target): Pick<Outcome, "found" | "good"> {
  if ("error" in ran) return { found: ran.error.split("\n").at(-1)!.slice(0, 200), good: false };
  const { features } = ran;
  // Lines of an ONNX card are ours to the end.
  const isOther = features === null || features.length !== expected.length;
  if (isOther && to === "onnx")
    return { found: `${features === null ? "no" : features.length} features, needed ${expected.length}`, good: false };
  if (isOther || to === "transformers") return { found: "ran", good: true };
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, one, i) => sum + one * b[i]!, 0);
  const cosine = dot(features, expected) / Math.sqrt(dot(features, features) * dot(expected, expected));
  return { found: `cosine ${cosine.toFixed(6)}, needed ≥ ${LEAST}`, good: cosine >= LEAST };
}

interface Run extends Places {
  work: string;
  to: string;
}

async function run(language: Language, code: string, { python, node, work, to }: Run): Promise<Ran> {
  if (language === "html") return inBrowser(code, { node, work });
  // What the lines have found is printed behind them.
  const [name, more, program, args, env] =
    language === "ts"
      ? ([
          "card.mts",
          "\nconsole.log();\nconsole.log(JSON.stringify([...features.data]));\n",
          process.execPath,
          ["--import", createRequire(join(ROOT, "package.json")).resolve("tsx")],
          process.env,
        ] as const)
      : (["card.py", PYTHON_SAYS, python.program, [], python.env] as const);
  writeFileSync(join(work, name), code + more);
  // transformers.js lies elsewhere than what this project has.
  const modules = join(work, "node_modules");
  if (language === "ts") symlinkSync(join(to === "transformers" ? node : ROOT, "node_modules"), modules);
  const { stdout, stderr, status } = spawnSync(program, [...args, name], { cwd: work, env, encoding: "utf8" });
  if (status !== 0) return { error: stderr.trim() || `exit code ${status}` };
  const line = stdout.trim().split("\n").at(-1)!;
  // Without images of their own, lines encode zeros.
  return { features: line.startsWith("[") && !code.includes("torch.zeros") ? (JSON.parse(line) as number[]) : null };
}

const PYTHON_SAYS = `
import json
print()
print(json.dumps(features[0].tolist()) if "features" in globals() else "no features")
`;

/** The page as the card has it, with the runtime from this machine instead of a network's. */
async function inBrowser(code: string, { node, work }: Pick<Run, "node" | "work">): Promise<Ran> {
  const page = code.replace(/https:\/\/cdn[^"]*\/dist\//, "/runtime/");
  if (page === code) return { error: "the lines load no runtime from a network" };
  writeFileSync(join(work, "card.html"), page);
  const runtime = join(node, "node_modules", "onnxruntime-web", "dist");
  const server = await serve((url) => {
    // A browser asks for an icon, which no card has.
    if (url === "/favicon.ico") return null;
    return url.startsWith("/runtime/") ? join(runtime, url.slice(9)) : join(work, url);
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const tab = await browser.newPage();
    const said = new Promise<Ran>((resolve) => {
      tab.on("pageerror", (error) => resolve({ error: error.message }));
      tab.on("console", (message) => {
        const [value] = message.args();
        if (message.type() === "error") return resolve({ error: message.text() });
        if (message.type() !== "log" || !value) return;
        void value.evaluate((data) => Array.from(data as ArrayLike<number>)).then((features) => resolve({ features }));
      });
    });
    await tab.goto(`${server.url}card.html`, { waitUntil: "networkidle" });
    await tab.waitForFunction("file.onchange !== null", null, { timeout: 60_000 });
    const photo = page.includes("createImageBitmap");
    if (!photo) await tab.evaluate(`Object.assign(globalThis, { height: ${HEIGHT}, width: ${WIDTH} })`);
    await tab.locator("#file").setInputFiles(join(work, photo ? "cat.jpg" : "samples.bin"));
    return await Promise.race([said, new Promise<Ran>((r) => setTimeout(r, 60_000, { error: "nothing was logged" }))]);
  } finally {
    await browser.close();
    await server.close();
  }
}
