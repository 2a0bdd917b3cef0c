import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UserError } from "../../base/errors.ts";
import { temporaryFolder } from "../../testing/data.ts";
import { writeRun } from "../../testing/run-fixture.ts";
import { readRun, readRuns } from "./run.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const at = (name: string) => join(folder.path, name);

function change(path: string, edit: (value: Record<string, unknown>) => void): void {
  const value = JSON.parse(readFileSync(path, "utf8"));
  edit(value);
  writeFileSync(path, JSON.stringify(value));
}

describe("readRun", () => {
  it("reads all files of a run", async () => {
    const skipped = Array.from({ length: 70 }, (_, index) => ({ path: `${index}.jpg`, reason: "truncated" }));
    const run = await readRun(await writeRun(at("full"), { method: "mae", steps: 30, skipped }));
    expect(run.name).toBe("full");
    expect(run.file.method).toBe("mae");
    expect([...run.series.keys()]).toEqual(["train/loss", "train/lr", "data/images_per_s", "data/wait_s"]);
    expect(run.series.get("train/loss")?.points()).toHaveLength(30);
    expect(run.evaluations.scored.get("linear")?.top1).toBe(0.58);
    expect(run.pictures?.items).toHaveLength(4);
    expect([run.skipped.count, run.skipped.first.length]).toEqual([70, 50]);
    expect(run.reached.step).toBe(30);
  });

  it("reads a run that only just began, and one whose last line a crash tore", async () => {
    mkdirSync(at("young"));
    writeFileSync(
      join(at("young"), "run.json"),
      JSON.stringify({ schema: 1, status: "running", method: "x", config: {} }),
    );
    const young = await readRun(at("young"));
    expect([young.series.size, young.evaluations.scored.size, young.torn]).toEqual([0, 0, 0]);
    const dir = await writeRun(at("torn"), { steps: 5, top1: null });
    appendFileSync(join(dir, "metrics.jsonl"), '{"step": 6, "train/lo');
    const torn = await readRun(dir);
    expect([torn.torn, torn.reached.step]).toEqual([1, 5]);
  });

  it("names the file and the key where something is not as agreed", async () => {
    const dir = await writeRun(at("wrong"), { steps: 3 });
    const refuses = (message: RegExp) => expect(readRun(dir)).rejects.toThrow(message);
    appendFileSync(join(dir, "metrics.jsonl"), '{"step": 4, "train/loss": "high"}\n');
    await refuses(/metrics\.jsonl line 4, got something else at train\/loss: /);
    writeFileSync(join(dir, "metrics.jsonl"), "these are\nnot metrics\n");
    await refuses(/one JSON object a line in .*metrics\.jsonl, got none/);
    change(join(dir, "run.json"), (value) => Object.assign(value, { data: { classes: [{ id: "n01" }] } }));
    await refuses(/run\.json, got something else at data\.classes\[0\]\.name: /);
    change(join(dir, "run.json"), (value) => Object.assign(value, { schema: 3 }));
    await refuses(/Expected schema 2 in .*run\.json as unlabel .* reads it, got 3 \(later\); open it with unlabel /);
  });

  it("keeps a thousand points of a long run, its one spike among them", async () => {
    const dir = await writeRun(at("long"), { steps: 1, top1: null });
    const lines = Array.from(
      { length: 200_000 },
      (_, at) => `{"step":${at + 1},"train/loss":${at === 123_456 ? 99 : 1}}\n`,
    );
    writeFileSync(join(dir, "metrics.jsonl"), lines.join(""));
    const loss = (await readRun(dir)).series.get("train/loss");
    expect(loss?.count).toBe(200_000);
    expect(loss?.points().length).toBeLessThanOrEqual(1000);
    expect(loss?.points()).toContainEqual([123_457, 99]);
  });

  it("names an evaluation that is torn, not as agreed or unknown, and reads the rest", async () => {
    const dir = await writeRun(at("damaged"), { steps: 3 });
    const linear = join(dir, "eval", "linear.json");
    const left = async () => (await readRun(dir)).evaluations.left.join("\n");
    expect(await left()).toBe("");
    writeFileSync(join(dir, "eval", "newer.json"), JSON.stringify({ protocol: "newer" }));
    expect(await left()).toMatch(/protocol that this version knows in .*newer\.json, got newer; it is left out\.$/);
    change(linear, (value) => Object.assign(value, { top1: 58 }));
    expect(await left()).toMatch(/linear\.json, got something else at top1: .*; it is left out/);
    change(linear, (value) => Object.assign(value, { top1: 0.58, confusion: [[1]] }));
    expect(await left()).toMatch(
      /linear\.json, got something else at confusion: Expected one row and one column a class/,
    );
    writeFileSync(linear, "{");
    expect(await left()).toMatch(/Expected JSON in .*linear\.json, got text that does not parse/);
    for (let i = 0; i < 120; i++) writeFileSync(join(dir, "eval", `x${i}.json`), "{}");
    expect((await left()).split("\n")[0]).toMatch(
      /^Expected at most 100 evaluations in .*, got \d+ more; these are left out/,
    );
    const { series, evaluations } = await readRun(dir);
    expect([series.size, evaluations.scored.size]).toEqual([4, 0]);
  });

  it("leaves out scores by other labels than the first protocol's, and names both", async () => {
    const dir = await writeRun(at("two-labellings"), { steps: 3 });
    const [linear, knn] = ["linear", "knn"].map((name) => join(dir, "eval", `${name}.json`));
    const scored = (fingerprint: string, labels: string) => ({
      ...{ fingerprint, data: "photos", notes: [`labels are those of ${labels}`] },
    });
    change(linear!, (value) => Object.assign(value, scored("a", "own.csv")));
    const value = JSON.parse(readFileSync(linear!, "utf8"));
    writeFileSync(knn!, JSON.stringify({ ...value, protocol: "knn" }));
    const both = (await readRun(dir)).evaluations;
    expect([[...both.scored.keys()], both.left]).toEqual([["knn", "linear"], []]);
    writeFileSync(knn!, JSON.stringify({ ...value, protocol: "knn", ...scored("b", "num.csv") }));
    const { scored: kept, left } = (await readRun(dir)).evaluations;
    expect([...kept.keys()]).toEqual(["linear"]);
    expect(left).toEqual([
      `kNN was scored on other images or labels (photos, labels of num.csv, ${value.val_images} test images) than the linear probe (photos, labels of own.csv, ${value.val_images} test images); it is left out. Evaluate with all protocols at once.`,
    ]);
  });

  it("refuses a folder that is no run, and no folder at all", async () => {
    await expect(readRun(folder.path)).rejects.toThrow(
      /Expected a run directory for .*, got a folder without run\.json/,
    );
    await expect(readRun(at("nowhere"))).rejects.toThrow(UserError);
    await expect(readRuns([])).rejects.toThrow("Expected at least one run directory, got none.");
  });

  it("names runs so that they can be told apart, and reads none twice", async () => {
    const options = { steps: 2, top1: null };
    const dirs = [
      await writeRun(at("x/s"), options),
      await writeRun(at("y/s"), options),
      await writeRun(at("z"), options),
    ];
    const runs = await readRuns([...dirs, `${dirs[0]}/`]);
    expect(runs.map(({ name }) => name)).toEqual([join("x", "s"), join("y", "s"), "z"]);
  });
});

it.each(["run.json", "metrics.jsonl", "skipped.jsonl", "pictures/mae.json", "eval/linear.json"])(
  "waits for no pipe in place of %s, and reads no folder there",
  async (name) => {
    const run = await writeRun(at(`pipes-${name.replace("/", "-")}`), { method: "mae", steps: 5, skipped: [] });
    for (const make of [() => mkdirSync(join(run, name)), () => execFileSync("mkfifo", [join(run, name)])]) {
      rmSync(join(run, name), { force: true, recursive: true });
      make();
      const text = await readRun(run).then(
        ({ evaluations }) => evaluations.left.join(),
        (error: Error) => error.message,
      );
      expect(text).toMatch(/Expected a file in .*, got a folder, pipe or device/);
    }
  },
);
