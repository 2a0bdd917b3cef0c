// unlabel label as a shell starts it: labels over its own server, Ctrl-C, again, and evaluation with what was labelled.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { untrainedMethod } from "../eval/baselines.ts";
import type { LabelState } from "../label/state.ts";
import { resolveConfig } from "../methods/registry.ts";
import { temporaryFolder } from "../testing/data.ts";
import { SIDE, writeCheckpoint, writeLabelled } from "../testing/labelled.ts";

const BIN = join(import.meta.dirname, "..", "..", "bin", "unlabel.mjs");
const root = temporaryFolder();
const at = (name: string) => join(root.path, name);
const [data, file] = [at("data"), at("out/labels.csv")];
const runs = [at("one-0"), at("two-0")];
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  root[Symbol.dispose]();
});

beforeAll(async () => {
  await writeLabelled(data, { train: 6, val: 2 }, "labelled");
  writeFileSync(at("secret.png"), readFileSync(join(data, "train", "ant", "0.png")));
  symlinkSync(at("secret.png"), join(data, "train", "ant", "link.png"));
  for (const [i, path] of runs.entries()) {
    const config = resolveConfig({
      flags: { method: "simclr", encoder: "vit_tiny", patch: 8, size: SIDE, batch: 8, device: "cpu", seed: i },
    });
    const method = untrainedMethod(config);
    await writeCheckpoint(path, method, config);
    method.dispose();
  }
});

interface Started {
  child: ChildProcess;
  address: string;
  cookie: string;
  said: () => string;
  /** Ends it as Ctrl-C does. */
  end(): Promise<{ code: number | null; stdout: string }>;
}

/** Starts a session, and lets a browser in. */
async function start(...flags: string[]): Promise<Started> {
  const child = spawn(process.execPath, [
    BIN,
    "label",
    data,
    "--runs",
    ...runs,
    "-o",
    file,
    "--threads",
    "1",
    ...flags,
  ]);
  children.push(child);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (piece) => {
    stdout += piece;
  });
  const closed = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
  });
  const address = await new Promise<string>((resolve, reject) => {
    child.stderr.on("data", (piece) => {
      stderr += piece;
      const found = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(stderr);
      if (found) resolve(found[0]);
    });
    child.on("close", () => reject(new Error(stderr)));
  });
  const entered = await fetch(address);
  const cookie = entered.headers.get("set-cookie")!.split(";")[0]!;
  const end = async () => {
    child.kill("SIGINT");
    return { code: await closed, stdout };
  };
  return { child, address: new URL("/", address).href, cookie, said: () => stderr, end };
}

async function ask({ address, cookie }: Started, path: string, body?: object): Promise<LabelState> {
  const origin = address.slice(0, -1);
  const response = await fetch(`${origin}${path}`, {
    headers: { cookie, origin, "content-type": "application/json" },
    ...(body && { method: "POST", body: JSON.stringify(body) }),
  });
  return ((await response.json()) as { state: LabelState }).state;
}

/** Labels as the folders have it. */
async function label(session: Started, count: number): Promise<LabelState> {
  let state = await ask(session, "/api/state");
  for (let i = 0; i < count; i++) {
    const { image, name } = state.current!;
    state = await ask(session, "/api/answer", { at: state.at, image, label: name.split("/")[1]! });
  }
  return state;
}

it("ended before anything was answered, names no file that is not there", async () => {
  const { code, stdout } = await (await start()).end();
  expect([code, existsSync(file)]).toEqual([0, false]);
  expect(stdout).toMatch(
    /^0 labels .*\nNothing was answered, so no file was written; the same command begins again\n$/,
  );
});

it("labels, refuses a second session, ends at Ctrl-C with all kept, goes on, and is evaluated with", async () => {
  const first = await start();
  expect(first.said()).toContain("left aside: 1 link that leads out of");
  const state = await label(first, 9);
  expect([state.at, state.images]).toEqual([9, 32]);
  const kept = readFileSync(file, "utf8");
  expect(kept.trim().split("\n")).toHaveLength(10);
  await expect(start()).rejects.toThrow(/error: Expected .*labels\.csv to be free, got process \d+ .*labels there/);
  const { code, stdout } = await first.end();
  expect(code).toBe(0);
  expect(stdout).toMatch(/^9 labels in [234] classes; .*\nLabels: .*labels\.csv; evaluate with them: .*--labels/);
  expect(readFileSync(file, "utf8")).toBe(kept);
  expect(existsSync(`${file}.lock`)).toBe(false);

  await expect(start("--seed", "1")).rejects.toThrow(
    /error: Expected .*labels\.csv to go on with these images and --seed 1/,
  );
  const second = await start("--json");
  expect(second.said()).toContain("9 answers there already");
  await label(second, 15);
  const again = await second.end();
  expect(again.code).toBe(0);
  const outcome = JSON.parse(again.stdout.trim().split("\n").at(-1)!);
  expect(outcome).toMatchObject({ labels: file, data, seed: 0, images: 32, labelled: 24, skipped: 0 });
  expect(outcome.counted).toBeGreaterThanOrEqual(12);
  expect(outcome.runs.map(({ name }: { name: string }) => name)).toEqual(["one-0", "two-0"]);
  // What coverage has shown is a draw, too, once its turn has come.
  const plain = (text: string) => text.replaceAll(",both,", ",coverage,");
  const rows = readFileSync(file, "utf8");
  expect(plain(rows).startsWith(plain(kept))).toBe(true);
  expect(rows.match(/,(uniform|both),/g)).toHaveLength(outcome.counted);

  const run = promisify(execFile);
  const command = (...args: string[]) => run(process.execPath, [BIN, ...args, "--threads", "1", "--json"]);
  const { stdout: json, stderr } = await command(
    "evaluate",
    runs[0]!,
    "--data",
    data,
    "--no-pictures",
    "--labels",
    file,
  );
  expect(stderr).toMatch(/labels are those of .*: 24 images of 33 have one, the other 9 are left aside/);
  const scores = JSON.parse(json.trim().split("\n").at(-1)!);
  expect(scores.linear.train_images + scores.linear.val_images).toBe(24);
  expect(scores.linear.notes[0]).toBe(`labels are those of ${file}`);
  await expect(command("knn", runs[0]!, "--data", data, "--labels", at("none.csv"))).rejects.toThrow(
    /which does not exist/,
  );
}, 180_000);
