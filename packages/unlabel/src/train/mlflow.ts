// What a training leaves on an MLflow server, where `log` asks for it: settings, every number of every step, the method's pictures. By its
// REST interface alone (version 2.0), beside the training: a server that fails costs one line, and no step.
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UsageError } from "../base/errors.ts";
import { writeAtomically } from "../base/files.ts";
import type { SettledConfig } from "../config/common.ts";
import type { MetricsRow, RunDirectory } from "../run/directory.ts";
import type { WrittenPictures } from "./pictures.ts";
import type { TrainingLog } from "./training-log.ts";

/** Where the server is, and who writes. */
export interface MlflowSettings {
  /** Its address, without a slash at the end, and without a user. */
  address: string;
  /** Of the experiment that the run goes into: by name, or by its number. */
  experiment: { name: string } | { id: string };
  /** Never to be shown; null for none. */
  authorization: string | null;
}

/** What one call takes at most. */
const MOST = { metrics: 1000, params: 100, text: 500 };
/** Numbers that wait at most while a server does not answer; the oldest go first, and all stay in metrics.jsonl. */
const WAITING = 200_000;
const FLUSH_MS = 2000;
const RETRY_MS = 30_000;
const CALL_MS = 10_000;
/** The file in a run that says which of the server's runs it is. */
const KEPT = "mlflow.json";

type Env = Readonly<Record<string, string | undefined>>;
type Metric = { key: string; value: number; timestamp: number; step: number };

/** @throws {UsageError} where no server is named that can be reached by HTTP, without repeating a password */
export function mlflowSettings(env: Env = process.env): MlflowSettings {
  const text = env.MLFLOW_TRACKING_URI?.trim() ?? "";
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    const got = text === "" ? "none" : url ? `one of ${url.protocol}` : "something else";
    throw new UsageError(
      `Expected the address of an MLflow server in MLFLOW_TRACKING_URI for log mlflow, as in http://127.0.0.1:5000, got ${got}`,
    );
  }
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_EXPERIMENT_ID: id, MLFLOW_EXPERIMENT_NAME: name } = env;
  const user = env.MLFLOW_TRACKING_USERNAME ?? decodeURIComponent(url.username);
  const password = env.MLFLOW_TRACKING_PASSWORD ?? decodeURIComponent(url.password);
  const basic = user === "" ? null : `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const bearer = token?.trim() ? `Bearer ${token.trim()}` : null;
  if (bearer !== null && !/^[\x20-\x7e]+$/.test(bearer))
    throw new UsageError("Expected a token in MLFLOW_TRACKING_TOKEN, got something with characters that no token has");
  return {
    address: `${url.origin}${url.pathname.replace(/\/+$/, "")}`,
    experiment: id?.trim() ? { id: id.trim() } : { name: name?.trim() || "unlabel" },
    authorization: basic ?? bearer,
  };
}

/** Begins with the run's first step, or goes on with the server's run that this one began. @param say takes a line for people */
export class MlflowLog implements TrainingLog {
  readonly #run: RunDirectory;
  readonly #config: SettledConfig;
  readonly #settings: MlflowSettings;
  readonly #say: (line: string) => void;
  readonly #callMs: number;
  readonly #most: number;
  #waiting: Metric[] = [];
  #dropped = 0;
  #sending = 0;
  /** Calls that the server has answered. */
  #answered = 0;
  #id: string | null = null;
  #artifacts: string | null = null;
  #busy: Promise<void> | null = null;
  #next = 0;
  #hasFailed = false;
  #pictures: { step: number; made: WrittenPictures } | null = null;

  /** @param limits how long a call may take, and how many numbers wait at most */
  constructor(
    run: RunDirectory,
    config: SettledConfig,
    settings: MlflowSettings,
    say: (line: string) => void,
    { callMs = CALL_MS, waiting = WAITING } = {},
  ) {
    this.#run = run;
    this.#config = config;
    this.#settings = settings;
    this.#say = say;
    this.#callMs = callMs;
    this.#most = waiting;
  }

  step({ step, epoch: _, seconds: __, ...named }: MetricsRow): void {
    const timestamp = Date.now();
    for (const [key, value] of Object.entries(named))
      if (Number.isFinite(value)) this.#waiting.push({ key, value, timestamp, step });
    const over = this.#waiting.length - this.#most;
    if (over > 0) {
      this.#waiting.splice(0, over);
      this.#dropped += over;
    }
    if (this.#busy === null && performance.now() >= this.#next) this.#busy = this.#flush();
  }

  pictures(step: number, made: WrittenPictures): void {
    this.#pictures = { step, made };
  }

  /** Sends what is left and tells the server how it ended; a server that does not answer is waited for as long as a call may take, twice at most. */
  async end(status: "FINISHED" | "KILLED" | "FAILED"): Promise<void> {
    // As long as it answers: one sender at a time.
    for (let answered = -1; this.#busy !== null && this.#answered > answered; ) {
      answered = this.#answered;
      await Promise.race([this.#busy, sleep(this.#callMs, null, { ref: false })]);
    }
    try {
      if (this.#busy !== null) throw new Error(noAnswer(this.#callMs));
      await this.#send();
      if (this.#id === null) await this.#begin();
      await this.#sendPictures();
      await this.#call("POST", "runs/update", { run_id: this.#id, status, end_time: Date.now() });
    } catch (error) {
      this.#failed(error);
    }
    const lost = this.#waiting.length + this.#sending + this.#dropped;
    if (lost > 0) this.#say(`MLflow has not got ${lost} of the run's numbers; all of them are in metrics.jsonl`);
  }

  async #flush(): Promise<void> {
    try {
      await this.#send();
      this.#next = performance.now() + FLUSH_MS;
    } catch (error) {
      this.#failed(error);
      this.#next = performance.now() + RETRY_MS;
    } finally {
      this.#busy = null;
    }
  }

  async #send(): Promise<void> {
    if (this.#id === null) await this.#begin();
    while (this.#waiting.length > 0) {
      // Taken out before: what waits may be dropped meanwhile.
      const metrics = this.#waiting.splice(0, MOST.metrics);
      this.#sending = metrics.length;
      try {
        await this.#call("POST", "runs/log-batch", { run_id: this.#id, metrics });
      } catch (error) {
        this.#waiting.unshift(...metrics);
        throw error;
      } finally {
        this.#sending = 0;
      }
    }
  }

  /** Said once: the numbers are in metrics.jsonl anyway. */
  #failed(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const why = error instanceof Error ? error.message : String(error);
    this.#say(`MLflow at ${new URL(this.#settings.address).host}: ${why}; training goes on`);
  }

  async #begin(): Promise<void> {
    const kept = this.#kept();
    if (kept !== null && (await this.#goesOn(kept))) return;
    const { experiment } = this.#settings;
    const experiment_id = "id" in experiment ? experiment.id : await this.#experiment(experiment.name);
    const { info } = this.#run;
    const tags = {
      ...{ "mlflow.source.name": "unlabel", "mlflow.source.type": "JOB", "unlabel.run": resolve(this.#run.path) },
      ...{ "unlabel.version": info.versions.unlabel, "unlabel.method": info.method, "unlabel.device": info.device },
      ...(info.commit !== null && { "mlflow.source.git.commit": info.commit }),
      ...(info.init && { "unlabel.init": info.init.source, "unlabel.licence": info.init.licence ?? "unknown" }),
    };
    const made = await this.#call("POST", "runs/create", {
      experiment_id,
      run_name: basename(resolve(this.#run.path)),
      start_time: Date.now(),
      tags: Object.entries(tags).map(([key, value]) => ({ key, value: value.slice(0, MOST.text) })),
    });
    const about = infoOf(made);
    const params = Object.entries(this.#config).flatMap(([key, value]) =>
      value === undefined
        ? []
        : [{ key, value: (typeof value === "string" ? value : JSON.stringify(value)).slice(0, MOST.text) }],
    );
    for (let at = 0; at < params.length; at += MOST.params)
      await this.#call("POST", "runs/log-batch", { run_id: about.id, params: params.slice(at, at + MOST.params) });
    writeAtomically(
      join(this.#run.path, KEPT),
      `${JSON.stringify({ server: this.#settings.address, run_id: about.id }, null, 2)}\n`,
    );
    [this.#id, this.#artifacts] = [about.id, about.artifacts];
  }

  /** The server's run that this one began, if it is this server's. */
  #kept(): string | null {
    const file = join(this.#run.path, KEPT);
    try {
      if (!existsSync(file)) return null;
      const { server, run_id } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
      return server === this.#settings.address && typeof run_id === "string" ? run_id : null;
    } catch {
      return null;
    }
  }

  async #goesOn(run_id: string): Promise<boolean> {
    try {
      const about = infoOf(await this.#call("GET", `runs/get?run_id=${encodeURIComponent(run_id)}`));
      await this.#call("POST", "runs/update", { run_id, status: "RUNNING" });
      [this.#id, this.#artifacts] = [about.id, about.artifacts];
      return true;
    } catch (error) {
      // Somebody has removed it there.
      if (error instanceof Refused && error.status === 404) return false;
      throw error;
    }
  }

  async #experiment(name: string): Promise<string> {
    const idOf = (found: unknown) => {
      const { experiment_id: id, experiment } = (found ?? {}) as { experiment_id?: unknown; experiment?: unknown };
      const inner = (experiment ?? {}) as { experiment_id?: unknown };
      const known = id ?? inner.experiment_id;
      if (typeof known !== "string") throw new Error("it answers without the experiment's number");
      return known;
    };
    const byName = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
    try {
      return idOf(await this.#call("GET", byName));
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
    }
    try {
      return idOf(await this.#call("POST", "experiments/create", { name }));
    } catch (error) {
      // Another run was quicker.
      if (!(error instanceof Refused) || error.code !== "RESOURCE_ALREADY_EXISTS") throw error;
      return idOf(await this.#call("GET", byName));
    }
  }

  /** Into the server's own store; where artifacts lie elsewhere they stay in the run. */
  async #sendPictures(): Promise<void> {
    const at = /^mlflow-artifacts:\/(?:\/[^/]*\/)?(.+)$/.exec(this.#artifacts ?? "")?.[1];
    if (!this.#pictures || at === undefined) return;
    const { step, made } = this.#pictures;
    for (const [i, item] of made.items.entries()) {
      for (const [kind, name] of Object.entries(item)) {
        const to = `${at}/pictures/${this.#config.method}-${step}/${i + 1}-${kind}.png`;
        const path = `api/2.0/mlflow-artifacts/artifacts/${to.split("/").map(encodeURIComponent).join("/")}`;
        await this.#ask("PUT", path, readFileSync(join(this.#run.path, "pictures", name)), "image/png");
      }
    }
    this.#pictures = null;
  }

  async #call(method: "GET" | "POST", call: string, body?: object): Promise<unknown> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const found = await this.#ask(method, `api/2.0/mlflow/${call}`, text, "application/json");
    this.#answered++;
    return found;
  }

  async #ask(
    method: string,
    path: string,
    body: string | Uint8Array<ArrayBuffer> | undefined,
    type: string,
  ): Promise<unknown> {
    const { address, authorization } = this.#settings;
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${address}/${path}`, {
        method,
        headers: { ...(body !== undefined && { "content-type": type }), ...(authorization && { authorization }) },
        ...(body !== undefined && { body }),
        // A redirect would take the password elsewhere.
        redirect: "error",
        signal: AbortSignal.timeout(this.#callMs),
      });
      text = (await response.text()).slice(0, 1 << 22);
    } catch (error) {
      if (error instanceof Error && error.name === "TimeoutError") throw new Error(noAnswer(this.#callMs));
      const cause = error instanceof Error ? error.cause : null;
      const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
      throw new Error(`no connection${code}`);
    }
    if (!response.ok) throw new Refused(response.status, codeOf(text), path.split("?")[0]!);
    return parsed(text);
  }
}

/** The server's own words may hold anything: its code alone is told. */
class Refused extends Error {
  readonly status: number;
  readonly code: string | null;

  constructor(status: number, code: string | null, path: string) {
    super(`${path} was answered with ${status}${code ? ` (${code})` : ""}`);
    this.status = status;
    this.code = code;
  }
}

function infoOf(found: unknown): { id: string; artifacts: string | null } {
  const { run } = (found ?? {}) as { run?: { info?: { run_id?: unknown; artifact_uri?: unknown } } };
  const { run_id: id, artifact_uri: artifacts } = run?.info ?? {};
  if (typeof id !== "string") throw new Error("it answers without the run's number");
  return { id, artifacts: typeof artifacts === "string" ? artifacts : null };
}

function codeOf(text: string): string | null {
  const { error_code: code } = (parsed(text) ?? {}) as { error_code?: unknown };
  return typeof code === "string" && /^[A-Z_]{1,60}$/.test(code) ? code : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function noAnswer(ms: number): string {
  return `no answer within ${ms / 1000} s`;
}
