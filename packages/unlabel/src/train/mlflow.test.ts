import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { RunDirectory } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { MlflowLog, mlflowSettings } from "./mlflow.ts";
import { pretrain } from "./pretrain.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

interface Call {
  method: string;
  path: string;
  authorization: string | null;
  body: Record<string, unknown> & { metrics?: { key: string; value: number; step: number }[]; params?: object[] };
  bytes: number;
}

/** A server that answers as MLflow's does, and remembers. */
async function mlflow() {
  const calls: Call[] = [];
  const state = { down: false, slowMs: 0, experiments: new Map<string, string>(), runs: new Set<string>() };
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const bytes = Buffer.concat(pieces);
    const url = new URL(request.url!, "http://x");
    const isJson = request.headers["content-type"] === "application/json";
    const body = isJson ? JSON.parse(bytes.toString()) : {};
    const { authorization = null } = request.headers;
    const path = url.pathname.replace("/api/2.0/", "");
    calls.push({ method: request.method!, path, authorization, body, bytes: bytes.length });
    const answer = (status: number, found: object) => response.writeHead(status).end(JSON.stringify(found));
    const info = (run_id: string) => ({
      run: { info: { run_id, artifact_uri: `mlflow-artifacts:/7/${run_id}/artifacts` } },
    });
    if (state.down) return answer(500, { error_code: "INTERNAL_ERROR", message: "secret words" });
    if (path === "mlflow/experiments/get-by-name") {
      const id = state.experiments.get(url.searchParams.get("experiment_name")!);
      return id
        ? answer(200, { experiment: { experiment_id: id } })
        : answer(404, { error_code: "RESOURCE_DOES_NOT_EXIST" });
    }
    if (path === "mlflow/experiments/create") {
      state.experiments.set(body.name, "7");
      return answer(200, { experiment_id: "7" });
    }
    if (path === "mlflow/runs/create") {
      const id = `run${state.runs.size}`;
      state.runs.add(id);
      return answer(200, info(id));
    }
    if (path === "mlflow/runs/get") {
      const id = url.searchParams.get("run_id")!;
      return state.runs.has(id) ? answer(200, info(id)) : answer(404, { error_code: "RESOURCE_DOES_NOT_EXIST" });
    }
    if (path === "mlflow/runs/log-batch" && state.slowMs > 0) await sleep(state.slowMs);
    if (["mlflow/runs/log-batch", "mlflow/runs/update"].includes(path) || path.startsWith("mlflow-artifacts/"))
      return answer(200, {});
    return answer(404, { error_code: "ENDPOINT_NOT_FOUND" });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { calls, state, address, server };
}

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
let server: Awaited<ReturnType<typeof mlflow>>;
const NAMES = ["MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"];
const before = NAMES.map((name) => process.env[name]);
const restore = () => {
  for (const [i, name] of NAMES.entries()) {
    if (before[i] === undefined) delete process.env[name];
    else process.env[name] = before[i];
  }
};
beforeAll(async () => {
  await writeImages(at("data"), ["a.png", "b.png", "c.png", "d.png"], 16);
  server = await mlflow();
});
afterEach(restore);
afterAll(() => {
  server.server.closeAllConnections();
  server.server.close();
  folder[Symbol.dispose]();
});

const FLAGS = {
  ...{
    method: "mae",
    preset: "small",
    size: 16,
    patch: 8,
    batch: 2,
    threads: 1,
    device: "cpu",
    precision: "fp32",
    log: "mlflow",
  },
  ...{ decoder_width: 32, decoder_depth: 1, health_every: 0, warmup_epochs: 0 },
};
async function train(name: string, more: Record<string, unknown>, resume = false) {
  let log = "";
  const stream = { write: (text: string) => (log += text) };
  const settings = { flags: resume ? more : { ...FLAGS, ...more } };
  const done = await pretrain({ data: at("data"), settings, out: at(name), stream, resume });
  return { ...done, log };
}

describe("log mlflow", () => {
  it("sends settings, every number of every step, pictures and how it ended; and goes on with the same run", async () => {
    Object.assign(process.env, {
      MLFLOW_TRACKING_URI: `${server.address}/`,
      MLFLOW_TRACKING_TOKEN: "t0ken",
      MLFLOW_EXPERIMENT_NAME: "birds",
    });
    const { log } = await train("whole", { epochs: 2 });
    const { calls } = server;
    expect(calls.slice(0, 3).map(({ path }) => path)).toEqual([
      ...["mlflow/experiments/get-by-name", "mlflow/experiments/create", "mlflow/runs/create"],
    ]);
    expect(calls[2]!.body).toMatchObject({ experiment_id: "7", run_name: "whole" });
    expect(calls.every(({ authorization }) => authorization === "Bearer t0ken")).toBe(true);
    const params = calls.flatMap(({ body }) => body.params ?? []);
    expect(params).toContainEqual({ key: "method", value: "mae" });
    const sent = () =>
      calls.flatMap(({ body }) => body.metrics ?? []).map(({ key, value, step }) => [step, key, value]);
    const rows = (name: string) =>
      RunDirectory.open(at(name))
        .metrics()
        .flatMap(({ step, epoch: _, seconds: __, ...named }) =>
          Object.entries(named).map(([key, value]) => [step, key, value]),
        );
    expect(sent()).toEqual(rows("whole"));
    const pictures = calls.filter(({ method }) => method === "PUT");
    expect(pictures.length).toBeGreaterThan(0);
    expect(pictures[0]!.path).toBe("mlflow-artifacts/artifacts/7/run0/artifacts/pictures/mae-4/1-original.png");
    expect(pictures[0]!.bytes).toBeGreaterThan(50);
    expect(calls.at(-1)).toMatchObject({ path: "mlflow/runs/update", body: { run_id: "run0", status: "FINISHED" } });
    expect(
      `${log}${readFileSync(at("whole/run.json"), "utf8")}${readFileSync(at("whole/mlflow.json"), "utf8")}`,
    ).not.toContain("t0ken");
    await train("whole", { epochs: 3 }, true);
    expect(server.state.runs.size).toBe(1);
    expect(sent()).toEqual(rows("whole"));
  }, 120_000);

  it("costs a line and no step where the server fails, or is not there", async () => {
    process.env.MLFLOW_TRACKING_URI = server.address;
    server.state.down = true;
    const failing = await train("failing", { steps: 3 });
    server.state.down = false;
    expect(failing.result.steps).toBe(3);
    const lines = failing.log.split("\n").filter((line) => line.includes("MLflow"));
    expect(lines).toEqual([
      expect.stringMatching(
        /^MLflow at 127\.0\.0\.1:\d+: api\/2\.0\/mlflow\/experiments\/get-by-name was answered with 500 \(INTERNAL_ERROR\); training goes on$/,
      ),
      expect.stringMatching(/^MLflow has not got \d+ of the run's numbers; all of them are in metrics\.jsonl$/),
    ]);
    expect(existsSync(at("failing/mlflow.json"))).toBe(false);
    process.env.MLFLOW_TRACKING_URI = "http://127.0.0.1:9";
    const gone = await train("gone", { steps: 2 });
    expect(gone.result.steps).toBe(2);
    expect(gone.log).toMatch(/MLflow at 127\.0\.0\.1:9: no connection/);
    // Once it answers again, a run that goes on begins one there.
    process.env.MLFLOW_TRACKING_URI = server.address;
    await train("failing", { steps: 4 }, true);
    expect(existsSync(at("failing/mlflow.json"))).toBe(true);
  }, 120_000);

  describe("whatever waits for the server", () => {
    /** What a log of so many steps of 1000 numbers sends, and says. */
    async function logged(steps: number, slowMs: number, limits: { callMs: number; waiting?: number }) {
      const run = RunDirectory.open(at("whole"));
      const said: string[] = [];
      const settings = mlflowSettings({ MLFLOW_TRACKING_URI: server.address });
      const log = new MlflowLog(run, run.info.config, settings, (line) => said.push(line), limits);
      const row = (step: number) => ({
        ...{ step, epoch: 1, seconds: 1 },
        ...Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`number/${i}`, i])),
      });
      server.calls.length = 0;
      server.state.slowMs = slowMs;
      log.step(row(0));
      // The first call is under way.
      while (!server.calls.some(({ path }) => path === "mlflow/runs/log-batch")) await sleep(1);
      for (let step = 1; step < steps; step++) log.step(row(step));
      await log.end("FINISHED");
      server.state.slowMs = 0;
      const sent = server.calls.flatMap(({ body }) => (body.metrics ?? []).map(({ key, step }) => `${step} ${key}`));
      return { sent, said };
    }

    it("is sent once, by one at a time, also where that takes longer than one call may", async () => {
      const { sent, said } = await logged(30, 100, { callMs: 2000 });
      expect(sent).toHaveLength(30_000);
      expect(new Set(sent).size).toBe(30_000);
      expect(said).toEqual([]);
    }, 60_000);

    it("is counted where it was too much, and none of the rest is missing", async () => {
      const { sent, said } = await logged(40, 2, { callMs: 30_000, waiting: 20_000 });
      expect(new Set(sent).size).toBe(sent.length);
      const [, lost] = /^MLflow has not got (\d+) of the run's numbers/.exec(said[0]!)!;
      expect(sent.length + Number(lost)).toBe(40_000);
      expect(Number(lost)).toBeGreaterThan(10_000);
    }, 60_000);

    it("is counted where the server takes too long", async () => {
      const { sent, said } = await logged(3, 400, { callMs: 100 });
      expect(said[0]).toContain("no answer within 0.1 s; training goes on");
      expect(said[1]).toBe("MLflow has not got 3000 of the run's numbers; all of them are in metrics.jsonl");
      expect(new Set(sent).size).toBeLessThanOrEqual(3000);
    }, 60_000);
  });

  it.each([
    ["nowhere", undefined, /Expected the address of an MLflow server in MLFLOW_TRACKING_URI .*got none/],
    ["a folder", "file:///mlruns", /got one of file:/],
    ["a word", "databricks", /got something else/],
  ])("is refused before training where the server is %s", async (_, uri, words) => {
    if (uri === undefined) delete process.env.MLFLOW_TRACKING_URI;
    else process.env.MLFLOW_TRACKING_URI = uri;
    await expect(train("never", { steps: 1 })).rejects.toThrow(words);
    expect(existsSync(at("never"))).toBe(false);
  });

  it("takes a user from the address, and leaves it out of what is kept", () => {
    const found = mlflowSettings({
      MLFLOW_TRACKING_URI: "https://ann:p%40ss@ml.example/sub/",
      MLFLOW_EXPERIMENT_ID: "12",
    });
    expect(found).toEqual({
      address: "https://ml.example/sub",
      experiment: { id: "12" },
      authorization: `Basic ${Buffer.from("ann:p@ss").toString("base64")}`,
    });
  });
});
