// The real program, as a shell runs it: needs the built dist/, as `npm test` makes it.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { shellWord } from "../base/shell.ts";
import { either } from "../config/suggest.ts";
import { ABOUTS } from "../methods/abouts.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { writeRun } from "../testing/run-fixture.ts";
import { choosePrecision } from "../train/precision.ts";

/** All methods, as refusals list them. */
const NAMES = either(ABOUTS.map(({ name }) => name));
const BIN = join(import.meta.dirname, "..", "..", "bin", "unlabel.mjs");

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs the command line. `closeStdout` stands for a reader such as `head` that has seen enough, `interruptAt` for Ctrl-C
 * when that text appears on stderr.
 */
function unlabel(
  args: string[],
  options: { env?: NodeJS.ProcessEnv; closeStdout?: boolean; interruptAt?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], { env: { ...process.env, ...options.env } });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
      if (options.interruptAt !== undefined && stderr.includes(options.interruptAt)) {
        child.kill("SIGINT");
        options.interruptAt = undefined;
      }
    });
    if (options.closeStdout) child.stdout.destroy();
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

function lastLine(stdout: string): unknown {
  return JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
}

beforeAll(() => {
  if (!existsSync(join(BIN, "..", "..", "dist", "cli", "main.js")))
    throw new Error("Expected built packages; run npx tsc -b");
});

describe("unlabel", () => {
  it("--help names every command, plain when piped", async () => {
    const { code, stdout, stderr } = await unlabel(["--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    for (const name of ["setup", "doctor", "pretrain", "compare", "probe", "report", "demo"])
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, "m"));
    expect(stdout).not.toContain("\u001b");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it.each([
    ...["setup", "doctor", "pretrain", "launch", "compare", "evaluate", "probe", "knn", "report", "studio"],
    ...["embed", "search", "label", "export", "demo", "data check", "data fetch", "weights inspect"],
  ])("%s --help is told in 80 columns", async (command) => {
    const { code, stdout } = await unlabel([...command.split(" "), "--help"]);
    expect([code, stdout.split("\n").filter((line) => line.length > 80)]).toEqual([0, []]);
  });

  it("pretrain --help names the flags that everyone needs", async () => {
    const { code, stdout } = await unlabel(["pretrain", "--help"]);
    expect(code).toBe(0);
    for (const flag of "method preset config out resume epochs steps batch size lr seed threads device precision json".split(
      " ",
    )) {
      expect(stdout).toContain(`--${flag}`);
    }
  });

  it("--version prints the package's version", async () => {
    const { version } = JSON.parse(readFileSync(join(BIN, "..", "..", "package.json"), "utf8")) as { version: string };
    expect(await unlabel(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it.each([
    [["pretran"], "error: unknown command 'pretran' (Did you mean pretrain?)"],
    [
      ["pretrain", "D", "--method", "simclr", "--epoch", "3"],
      "error: unknown option '--epoch' (Did you mean --epochs?)",
    ],
    [["pretrain", "D", "--method", "simclr", "--set", "lr"], "Expected KEY=VALUE"],
    [
      ["pretrain", "D", "--method", "simclr", "--set", "temprature=1"],
      "Unknown setting temprature (did you mean temperature?)",
    ],
    [
      ["pretrain", "D", "--method", "simclr", "--batch", "-3"],
      "Expected a whole number from 1 to 65536 for batch, got -3",
    ],
    [["pretrain", "D", "--method", "mae", "--temperature", "1"], "got temperature, which belongs to simclr"],
    [["pretrain", "D", "--method", "sim"], `Expected ${NAMES} for method, got "sim"`],
    [["pretrain", "--method", "mae"], "Expected a folder of images"],
    [["pretrain", "--resume"], "Expected --out RUN beside --resume"],
    [["pretrain", "D", "--method", "mae", "--resume=auto"], "Expected --out RUN beside --resume=auto"],
    // The word after it is the folder of images, as ever, unless there is one already.
    [["pretrain", "--resume", "D"], "Expected --out RUN beside --resume, to say which run goes on"],
    [["pretrain", "D", "--resume", "E"], "Expected --resume or --resume=auto, got E after it"],
    [["pretrain", "D", "--config", "/no/such.yaml"], "/no/such.yaml (ENOENT)"],
    [
      ["pretrain", "D", "--weight-decay", "0.1"],
      "unknown option '--weight-decay'; it is a setting: give it as --set weight_decay=VALUE",
    ],
    [["compare", "D"], "Expected one of --budget 20m, --epochs N or --flops X, got none"],
    [
      ["compare", "D", "--steps", "2"],
      "unknown option '--steps'; in a comparison, length is the budget (--budget TIME, --epochs N or --flops X)",
    ],
    [["compare", "D", "--seed", "2"], "unknown option '--seed'; in a comparison, seeds are those of --seeds"],
    [
      ["compare", "D", "--epochs", "1", "--set", "steps=2"],
      "Expected no steps among a comparison's settings, got 2: length is the budget (--budget TIME, --epochs N or",
    ],
    [["compare", "D", "--budget", "soon"], "Expected a time for --budget, such as 20m, got soon"],
    [
      ["compare", "D", "--budget", "1m", "--methods", "mea"],
      `Expected ${NAMES} for --methods, got mea (did you mean mae?)`,
    ],
    [
      ["compare", "D", "--budget", "1m", "--methods", "simclr,simclr"],
      "Expected each method once for --methods, got simclr again; --seeds 2 trains each twice",
    ],
    [
      ["compare", "D", "--epochs", "1", "--preset", "small,paper"],
      "Expected auto, report, paper or small for --preset",
    ],
    [["report"], "error: missing required argument 'run'"],
  ])("%j is wrong usage: one line, exit 2", async (args, message) => {
    const { code, stdout, stderr } = await unlabel(args);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect([code, stdout]).toEqual([2, ""]);
  });

  it("without a command prints help to stderr, exit 2", async () => {
    const { code, stderr } = await unlabel([]);
    expect(code).toBe(2);
    expect(stderr).toContain("Usage: unlabel");
  });

  it.each([[[]], [["--verbose"]]])("a missing folder of images fails with its name %j", async (more) => {
    const { code, stdout, stderr } = await unlabel(["pretrain", "/no/such/dir", "--method", "simclr", ...more]);
    expect([code === 1 || code === 2, stdout]).toEqual([true, ""]);
    expect(stderr).toMatch(/^error: .*\/no\/such\/dir/);
    expect(stderr.includes("\n    at ")).toBe(more.length > 0);
  });

  it("refuses a run directory that is taken before it loads anything", async () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "run.json"), "{}");
    const { code, stderr } = await unlabel(["pretrain", "D", "--method", "mae", "--out", folder.path]);
    expect(code).toBe(1);
    expect(stderr).toContain("continue it with --resume or name another --out");
  });

  it("refuses two values for one setting, and an --out that an unset variable left empty", async () => {
    const two = await unlabel(["pretrain", "D", "--method", "mae", "--batch", "4", "--set", "batch=8"]);
    expect(two).toMatchObject({ code: 2 });
    expect(two.stderr).toContain("Expected one value for batch, got --batch 4 and --set batch=8");
    const none = await unlabel(["pretrain", "D", "--method", "mae", "--out", ""]);
    expect(none).toMatchObject({ code: 2 });
    expect(none.stderr).toContain("Expected a name, got nothing");
  });

  it.each([
    [["pretrain", "/no/such/folder", "--method", "mae", "--json"], /\/no\/such\/folder/],
    [["pretrain", "D", "--epoch", "3", "--json"], /epochs/],
  ])("gives programs an object when it fails too: %j", async (args, message) => {
    const { stdout, stderr } = await unlabel(args);
    expect(JSON.parse(stdout.trim().split("\n").at(-1)!).error).toMatch(message);
    expect(stderr).toMatch(message);
  });

  it("ends quietly when its reader has seen enough", async () => {
    expect(await unlabel(["pretrain", "--help"], { closeStdout: true })).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("unlabel pretrain", () => {
  it("saves and exits with 130 on Ctrl-C, and goes on where it stopped", async () => {
    using folder = temporaryFolder();
    const data = join(folder.path, "images");
    await writeImages(
      data,
      [..."abcdefgh"].map((name) => `${name}.png`),
      32,
    );
    const out = join(folder.path, "run");
    const flags =
      "--method mae --size 16 --set patch=4 --batch 4 --epochs 500 --device cpu --set warmup_epochs=0 --set decoder_width=32".split(
        " ",
      );
    const begin = ["pretrain", data, ...flags, "--out", out, "--resume=auto", "--json"];
    const first = await unlabel(begin, { interruptAt: "starting loss" });
    expect(first.code).toBe(130);
    expect(first.stderr).toContain(`Continue with: npx unlabel pretrain --resume --out ${out}`);
    expect(first.stderr).not.toContain("\u001b");
    const { steps } = lastLine(first.stdout) as { steps: number };
    expect(steps).toBeGreaterThanOrEqual(1);

    // What the command line was stands in run.json, so that it can be given again.
    expect(JSON.parse(readFileSync(join(out, "run.json"), "utf8"))).toMatchObject({
      command: `unlabel ${begin.join(" ")}`,
    });
    const second = await unlabel(["pretrain", "--resume", "--out", out, "--steps", String(steps + 2), "--json"]);
    expect([second.code, second.stderr.includes(`from step ${steps}`)]).toEqual([0, true]);
    const result = lastLine(second.stdout);
    const keys =
      "run method understood steps images_per_s step_s loss_first loss_last chance peak_mb precision threads engine skipped".split(
        " ",
      );
    expect(Object.keys(result as object)).toEqual(keys);
    expect(result).toMatchObject({
      run: out,
      method: "mae",
      steps: steps + 2,
      precision: choosePrecision("auto", "cpu"),
      threads: 1,
      skipped: 0,
    });
    // Whoever starts the same again finds it done.
    const third = await unlabel(["pretrain", "--resume=auto", "--out", out, "--json"]);
    expect([third.code, lastLine(third.stdout)]).toEqual([0, result]);
    expect(third.stderr).toContain("has already done");
  });
});

describe("an interruption of what consists of several runs", () => {
  it.each([
    ["demo", (data: string, out: string) => ["demo", "--out", out, "--data", data, "--epochs", "500"]],
    [
      "compare",
      (data: string, out: string) => [
        "compare",
        data,
        "--methods",
        "mae",
        "--epochs",
        "500",
        "--set",
        "size=32",
        "--out",
        out,
      ],
    ],
  ])("tells one way to go on, that of %s", async (_, args) => {
    using folder = temporaryFolder();
    const [data, out] = [join(folder.path, "images"), join(folder.path, "my runs")];
    const names = ["train", "val"].flatMap((split) =>
      ["a", "b"].flatMap((name) => [1, 2, 3].map((i) => `${split}/${name}/${i}.png`)),
    );
    await writeImages(data, names, 16);
    const words = args(data, out);
    const { code, stderr } = await unlabel(words, { interruptAt: "starting loss" });
    expect([code, stderr.includes("Saved step ")]).toEqual([130, true]);
    const told = stderr.split("\n").filter((line) => /go on|continue|again with|resume/i.test(line));
    // Started by its path, in a clone.
    const again = ["npx unlabel", ...words.map(shellWord)].join(" ");
    expect(told).toEqual([expect.stringMatching(/^Saved step \d+ of \d+\. Continue with: /)]);
    expect(told[0]!.split("Continue with: ")[1]).toBe(again);
  });
});

describe("unlabel report", () => {
  it("says what came out, and where it is written", async () => {
    using folder = temporaryFolder();
    const run = await writeRun(join(folder.path, "a"), { steps: 20 });
    const out = join(folder.path, "report.html");
    const { code, stdout, stderr } = await unlabel(["report", run, "-o", out, "--json"], {
      env: { LIBTORCH: "/none" },
    });
    expect([code, stderr]).toEqual([0, ""]);
    const { size } = statSync(out);
    expect(lastLine(stdout)).toEqual({
      report: out,
      bytes: size,
      headline: expect.stringMatching(/^a reaches .*top-1/),
      runs: [{ dir: run, name: "a", method: "simclr", status: "done", top1: 0.58 }],
      // Every number of the page: see report/data.test.ts.
      data: expect.objectContaining({ runs: [expect.objectContaining({ name: "a" })] }),
    });
    expect((await unlabel(["report", run, "-o", out])).stdout).toMatch(/^a reaches .*\nReport: .*report\.html \(\d/);
  });
});

describe("unlabel doctor", () => {
  it("tells about the engine as JSON", async () => {
    // As a user has it: the tests' own setting puts threads to sleep. OpenMP says itself what it took.
    const env = { OMP_WAIT_POLICY: undefined, GOMP_SPINCOUNT: undefined, OMP_DISPLAY_ENV: "VERBOSE" };
    const { code, stdout, stderr } = await unlabel(["doctor", "--json"], { env });
    expect(stderr).toMatch(/GOMP_SPINCOUNT = '50000'/);
    expect(code).toBe(0);
    expect(lastLine(stdout)).toMatchObject({
      ok: true,
      problems: [],
      // How threads wait decides much of training's speed on a CPU.
      engine: {
        version: expect.stringMatching(/^\d+\.\d+/),
        threads: 1,
        omp_wait_policy: "passive",
        gomp_spincount: "50000",
      },
    });
  });

  it("says what to do where set-up has not run, exit 1", async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "empty"));
    const env = { LIBTORCH: "", XDG_CACHE_HOME: join(folder.path, "empty"), UNLABEL_CACHE: join(folder.path, "empty") };
    const { code, stdout } = await unlabel(["doctor"], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ .*(npm run setup|npx unlabel setup)/);
    expect(stdout).not.toContain("ready");
  });
});
