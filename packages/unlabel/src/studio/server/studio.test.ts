// The studio's answers: to whom, what, and nothing from outside the folders. No port is needed.
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../testing/data.ts";
import { writeRun } from "../../testing/run-fixture.ts";
import type { RunCurves, RunDetail, RunsMessage, SettingsMessage } from "../messages/runs.ts";
import { Folders } from "../runs/folders.ts";
import { idOf, RunLibrary } from "../runs/library.ts";
import { studioApp } from "./app.ts";
import { Events } from "./events.ts";
import { type Access, addressOf } from "./guard.ts";
import type { Studio } from "./part.ts";

const folder = temporaryFolder();
const elsewhere = temporaryFolder();
const access: Access = { token: "the-token", secret: "the-secret", port: 4321 };
const assets = { script: "const script = 1;", style: "a { b: c }" };
let studio: Studio;
let app: Hono;
const at = (name: string) => join(folder.path, name);
const id = (name: string) => idOf(at(name));
const HOST = "127.0.0.1:4321";
const COOKIE = "unlabel-4321=the-secret";
const get = (path: string, headers: Record<string, string> = {}) =>
  app.request(`http://${HOST}${path}`, { headers: { host: HOST, cookie: COOKIE, ...headers } });
const json = async <T>(path: string): Promise<T> => {
  const response = await get(path);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
};

/** Everything below a folder, with its sizes and times. */
function snapshot(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => `${name} ${statSync(join(path, name)).size} ${statSync(join(path, name)).mtimeMs}`);
}

beforeAll(async () => {
  await writeRun(at("good"), {
    steps: 60,
    knn: 0.5,
    skipped: [{ path: "a\u001b[31m.jpg", reason: "torn" }],
    pictures: 1,
    method: "mae",
  });
  await writeRun(at("other"), { steps: 30, seed: 1, config: { lr: 0.5 }, run: { status: "interrupted" } });
  await writeRun(at("links"), { steps: 5, pictures: 1, method: "mae" });
  writeFileSync(join(elsewhere.path, "secret.png"), readFileSync(join(at("links"), "pictures", "0.png")));
  writeFileSync(join(elsewhere.path, "secret.json"), readFileSync(join(at("links"), "eval", "linear.json")));
  rmSync(join(at("links"), "pictures", "0.png"));
  symlinkSync(join(elsewhere.path, "secret.png"), join(at("links"), "pictures", "0.png"));
  rmSync(join(at("links"), "eval", "linear.json"));
  symlinkSync(join(elsewhere.path, "secret.json"), join(at("links"), "eval", "linear.json"));
  await writeRun(join(elsewhere.path, "run"), { steps: 5 });
  mkdirSync(at("borrowed"));
  symlinkSync(join(elsewhere.path, "run", "run.json"), join(at("borrowed"), "run.json"));
  const folders = await Folders.of([folder.path]);
  const events = new Events();
  studio = { folders, events, runs: new RunLibrary(folders, events, { live: 1e6, rest: 1e6 }) };
  app = studioApp(studio, access, assets);
  await studio.runs.start();
});
afterAll(() => {
  studio.events[Symbol.dispose]();
  studio.runs[Symbol.dispose]();
  folder[Symbol.dispose]();
  elsewhere[Symbol.dispose]();
});

it("serves one document under every address of a page, and files of its own", async () => {
  for (const path of ["/", "/curves?runs=a", "/run/0123456789ab", "/map/x/y"]) {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<script type="module" src="/studio.js"></script>');
    expect(response.headers.get("content-security-policy")).toContain("script-src 'self'");
  }
  expect(await (await get("/studio.js")).text()).toBe(assets.script);
  expect(await (await get("/tokens.css")).text()).toContain("--run0");
  for (const path of ["/api/nothing", "/studio.map", "/../../etc/passwd.txt"])
    expect((await get(path)).status).toBe(404);
});

it("lets in nobody without the cookie, from another page, or under another name", async () => {
  for (const path of [
    "/",
    "/api/runs",
    "/api/events",
    "/studio.js",
    `/api/run/${id("good")}`,
    `/api/report?runs=${id("good")}`,
  ])
    expect((await get(path, { cookie: "" })).status).toBe(403);
  expect((await get("/api/runs", { host: "evil.example:4321" })).status).toBe(403);
  expect((await get("/api/runs", { host: "192.168.1.7:4321" })).status).toBe(403);
  expect((await get("/api/runs", { "sec-fetch-site": "cross-site" })).status).toBe(403);
  expect((await get("/api/runs", { origin: "http://evil.example" })).status).toBe(403);
  expect((await get("/?token=wrong")).status).toBe(403);
  const entry = await get("/?token=the-token", { cookie: "" });
  expect(entry.headers.get("set-cookie")).toBe("unlabel-4321=the-secret; Path=/; HttpOnly; SameSite=Strict");
});

it("answers on HTTP's own port, which browsers leave out of the address", async () => {
  const open = studioApp(studio, { ...access, port: 80 }, assets);
  const status = async (host: string) =>
    (await open.request("http://127.0.0.1/api/runs", { headers: { host, cookie: "unlabel-80=the-secret" } })).status;
  expect([await status("127.0.0.1"), await status("localhost:80"), await status("127.0.0.1:4321")]).toEqual([
    ...[200, 200, 403],
  ]);
  expect((await get("/api/runs", { host: "127.0.0.1" })).status).toBe(403);
});

it("where other machines are let in, by an address or this machine's name, and never by a stranger's name", async () => {
  const open = studioApp(studio, { ...access, host: "0.0.0.0" }, assets);
  const status = async (host: string, cookie = COOKIE) =>
    (await open.request(`http://${HOST}/api/runs`, { headers: { host, cookie } })).status;
  for (const host of [HOST, "192.168.1.7:4321", "[fe80::1]:4321", `${hostname()}:4321`])
    expect(await status(host)).toBe(200);
  for (const host of ["evil.example:4321", "192.168.1.7:80", "192.168.1.7.evil.example:4321", ""])
    expect(await status(host)).toBe(403);
  expect(await status("192.168.1.7:4321", "")).toBe(403);
  expect(addressOf(access, "fe80::1")).toBe("http://[fe80::1]:4321/?token=the-token");
});

it("tells of runs, their settings, curves and pages", async () => {
  const { runs, folders, looking } = await json<RunsMessage>("/api/runs");
  expect(folders).toEqual([folder.path]);
  expect(looking).toBe(false);
  expect(runs.map(({ name, state }) => [name, state])).toEqual([
    ["borrowed", "unread"],
    ["good", "done"],
    ["links", "done"],
    ["other", "interrupted"],
  ]);
  const settings = await json<SettingsMessage>(`/api/settings?runs=${id("good")},${id("other")},${"0".repeat(12)}`);
  expect(settings.runs.map((one) => one.settings.lr === 0.5)).toEqual([false, true]);
  const curves = await json<{ runs: RunCurves[] }>(`/api/curves?runs=${id("good")}&keys=train/loss`);
  const [run] = curves.runs;
  expect(Object.keys(run!.series).sort()).toEqual(["seconds", "train/loss"]);
  expect(run).toMatchObject({ batch: 128, read: 1, torn: 0 });
  expect(run!.series["train/loss"]).toMatchObject({ count: 60, means: null });
  expect(run!.keys).toContain("online/knn_top1");
  const detail = await json<RunDetail>(`/api/run/${id("good")}`);
  expect(detail.scores[0]).toMatchObject({ protocol: "linear probe", trained: 0.58, untrained: 0.407, pixels: 0.312 });
  expect(detail.scores.map(({ protocol }) => protocol)).toContain("retrieval");
  expect(detail.skipped).toEqual({ count: 1, first: [{ path: "a\\x1b[31m.jpg", reason: "torn" }] });
  expect(detail.commands.map(({ line }) => line.replace(/^.*?(?= \w+ )/, "")).join("\n")).toContain(
    `evaluate ${at("good")}`,
  );
  const stopped = await json<RunDetail>(`/api/run/${id("other")}`);
  expect(stopped.commands[0]).toMatchObject({ what: "Go on where it stopped" });
  expect((await get("/api/curves?runs=")).status).toBe(400);
  expect((await get(`/api/run/${"0".repeat(12)}`)).status).toBe(404);
  expect((await get("/api/run/__proto__")).status).toBe(404);
});

describe("nothing from outside the folders", () => {
  it("a run.json that is a link is not read", async () => {
    const response = await get(`/api/run/${id("borrowed")}`);
    expect(response.status).toBe(422);
    expect(((await response.json()) as { error: string }).error).toContain("a link to somewhere else");
  });

  it("pictures by their names alone, of the kinds that there are", async () => {
    const picture = (name: string, run = "good", of = "pictures") => get(`/api/run/${id(run)}/file/${of}/${name}`);
    const good = await picture("0.png");
    expect(good.headers.get("content-type")).toBe("image/png");
    expect(good.headers.get("x-content-type-options")).toBe("nosniff");
    expect((await picture("0.png", "links")).status).toBe(422);
    expect((await picture("..%2F..%2Frun.json")).status).toBe(400);
    expect((await picture("..%2Frun.png")).status).toBe(422);
    expect((await picture("0.svg")).status).toBe(400);
    writeFileSync(join(at("good"), "pictures", "svg.png"), "<svg onload=alert(1)>");
    expect((await picture("svg.png")).status).toBe(422);
    rmSync(join(at("good"), "pictures", "svg.png"));
    expect((await picture("run.json", "good", "..")).status).toBe(404);
  });

  it("evaluations that are links are said, and not shown; no report is made of them", async () => {
    const detail = await json<RunDetail>(`/api/run/${id("links")}`);
    expect(detail.scores).toEqual([]);
    expect(detail.damage.join()).toContain("a link to somewhere else");
    const row = (await json<RunsMessage>("/api/runs")).runs.find(({ name }) => name === "links");
    expect(row).toMatchObject({ probe: null, problem: expect.stringContaining("a link to somewhere else") });
    const report = await get(`/api/report?runs=${id("links")}`);
    expect(report.status).toBe(422);
  });
});

it("saves a report as HTML, and writes nothing into the runs", async () => {
  const before = snapshot(at("good"));
  const response = await get(`/api/report?runs=${id("good")}`);
  expect(response.headers.get("content-disposition")).toBe('attachment; filename="report-good.html"');
  expect(await response.text()).toContain("<title>");
  await json(`/api/curves?runs=${id("good")}`);
  await json(`/api/run/${id("good")}`);
  expect(snapshot(at("good"))).toEqual(before);
});

it("its line says hello, then what is new; it ends with the server", async () => {
  const response = await get("/api/events");
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const reader = response.body!.getReader();
  const next = async () => new TextDecoder().decode((await reader.read()).value);
  expect(await next()).toContain('"type":"hello"');
  studio.events.tell("run:1");
  expect(await next()).toBe('data: {"type":"topic","topic":"run:1"}\n\n');
  expect(studio.events.listeners).toBe(1);
  await reader.cancel();
  expect(studio.events.listeners).toBe(0);
});

it("a run that is removed or torn while a page shows it is told in a line", async () => {
  await writeRun(at("gone"), { steps: 5 });
  const own = new RunLibrary(studio.folders, studio.events, { live: 1e6, rest: 1e6 });
  await own.start();
  const other = studioApp({ ...studio, runs: own }, access, assets);
  const ask = (path: string) => other.request(`http://${HOST}${path}`, { headers: { host: HOST, cookie: COOKIE } });
  appendFileSync(join(at("gone"), "run.json"), "}");
  const torn = await ask(`/api/run/${id("gone")}`);
  expect([torn.status, await torn.json()]).toEqual([422, { error: expect.stringContaining("it is damaged") }]);
  renameSync(at("gone"), join(elsewhere.path, "gone"));
  expect((await ask(`/api/run/${id("gone")}`)).status).toBe(422);
  expect(await (await ask(`/api/curves?runs=${id("gone")}`)).json()).toMatchObject({ runs: [{ keys: [] }] });
  own[Symbol.dispose]();
});
