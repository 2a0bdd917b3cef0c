import { symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadLabelRows } from "../../data/labels-file.ts";
import { openData } from "../../data/open.ts";
import { ImageReader } from "../../data/reader.ts";
import { Labelling } from "../../label/labelling.ts";
import { pictureOf } from "../../label/picture.ts";
import { LabelSession } from "../../label/session.ts";
import type { LabelState } from "../../label/state.ts";
import { type LabelStore, openStore } from "../../label/store.ts";
import { temporaryFolder, writeImages } from "../../testing/data.ts";
import { makeWorld } from "../../testing/label-world.ts";
import { type Access, addressOf } from "../server/guard.ts";
import { labelApp } from "./app.ts";

const folder = temporaryFolder();
const file = join(folder.path, "labels.csv");
const COUNT = 12;
const access: Access = { token: "the-token", secret: "the-secret", port: 4321 };
let store: LabelStore;
let labelling: Labelling;
let app: Hono;
let finished = 0;

beforeAll(async () => {
  const root = join(folder.path, "images");
  await writeImages(
    root,
    Array.from({ length: COUNT - 1 }, (_, i) => `${String(i).padStart(2, "0")}.png`),
    40,
    30,
  );
  await writeImages(folder.path, ["outside.png"]);
  symlinkSync(join(folder.path, "outside.png"), join(root, "link.png"));
  const { train } = await openData(root);
  const { contenders } = makeWorld({ count: COUNT, classes: 2, dim: 3, signals: [1, 0.5] }, 1);
  store = openStore("-o", file);
  const reader = new ImageReader();
  labelling = new Labelling({
    title: `${root} <b>`,
    session: new LabelSession(contenders, COUNT, 1),
    names: train.items.map(({ path }) => path),
    store,
    picture: (image) => pictureOf(train, train.items[image]!, reader),
  });
  app = labelApp({ labelling, access, script: "const script = 1;", onFinish: () => finished++ });
});
afterAll(() => {
  store[Symbol.dispose]();
  folder[Symbol.dispose]();
});

const HOST = "127.0.0.1:4321";
const COOKIE = "unlabel-4321=the-secret";
const get = (path: string, headers: Record<string, string> = {}) =>
  app.request(`http://${HOST}${path}`, { headers: { host: HOST, cookie: COOKIE, ...headers } });
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  app.request(`http://${HOST}${path}`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { host: HOST, cookie: COOKIE, origin: `http://${HOST}`, "content-type": "application/json", ...headers },
  });
const stateOf = async (response: Response | Promise<Response>) =>
  ((await (await response).json()) as { state: LabelState }).state;

describe("who is let in", () => {
  it("the address with the token gives a cookie that scripts and other sites cannot have", async () => {
    const response = await app.request(addressOf(access), { headers: { host: HOST, "sec-fetch-site": "cross-site" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("set-cookie")).toBe(`${COOKIE}; Path=/; HttpOnly; SameSite=Strict`);
    const page = await response.text();
    expect(page).toContain('content="0;url=/"');
    expect(page).not.toContain("the-token");
  });

  it.each([
    ["no cookie", { cookie: "" }],
    ["another's cookie", { cookie: "unlabel-4321=the-secreT" }],
    ["the cookie of another port's server", { cookie: "unlabel-4322=the-secret" }],
    ["another host", { host: "evil.example:4321" }],
    ["another port", { host: "127.0.0.1:80" }],
    ["another site's page", { "sec-fetch-site": "cross-site" }],
    ["another port's page", { "sec-fetch-site": "same-site" }],
    ["another origin", { origin: "http://evil.example" }],
    ["a page without an origin", { origin: "null" }],
  ])("not %s", async (_, headers) => {
    for (const path of ["/", "/api/state", "/label.js", `/picture/${labelling.id}/0`]) {
      const response = await get(path, headers);
      expect(response.status, path).toBe(403);
      expect(await response.text()).toMatch(/^Expected .*\n$/);
    }
    const before = labelling.state.at;
    expect(
      (await post("/api/answer", { at: 0, image: labelling.state.current!.image, label: "x" }, headers)).status,
    ).toBe(403);
    expect(labelling.state.at).toBe(before);
  });

  it("not a wrong token, a token by POST, nor a POST without origin or JSON", async () => {
    expect((await app.request(`http://${HOST}/?token=the-tokeN`, { headers: { host: HOST } })).status).toBe(403);
    expect((await app.request(`http://${HOST}/?token=`, { headers: { host: HOST } })).status).toBe(403);
    expect((await app.request(addressOf(access), { method: "POST", headers: { host: HOST } })).status).toBe(403);
    const body = { at: 0, image: labelling.state.current!.image, label: "x" };
    expect((await post("/api/answer", body, { "content-type": "text/plain" })).status).toBe(403);
    const bare = { host: HOST, cookie: COOKIE, "content-type": "application/json" };
    const without = await app.request(`http://${HOST}/api/answer`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: bare,
    });
    expect(without.status).toBe(403);
    for (const method of ["PUT", "DELETE", "OPTIONS"])
      expect(
        (await app.request(`http://${HOST}/api/state`, { method, headers: { host: HOST, cookie: COOKIE } })).status,
      ).toBe(403);
    expect(labelling.state.at).toBe(0);
  });

  it("localhost is this machine, too", async () => {
    expect((await get("/", { host: "localhost:4321" })).status).toBe(200);
  });
});

describe("what is sent", () => {
  it("every answer allows nothing but what is ours, refusals as well", async () => {
    for (const response of [
      await get("/"),
      await get("/api/state"),
      await get("/nothing"),
      await get("/", { cookie: "" }),
    ]) {
      const policy = response.headers.get("content-security-policy")!;
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).not.toContain("unsafe");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("referrer-policy")).toBe("no-referrer");
      expect(response.headers.get("cache-control")).toBe("no-store");
    }
  });

  it("the page has no script or style of its own, and names stay text", async () => {
    const page = await (await get("/")).text();
    expect(page).toContain("&lt;b&gt;");
    expect(page).not.toMatch(/<script>|<style|style=|\son\w+=/);
    expect(await (await get("/label.js")).text()).toBe("const script = 1;");
    expect((await get("/label.css")).headers.get("content-type")).toBe("text/css; charset=utf-8");
  });

  it("pictures by number, of this session alone, and none that lies outside", async () => {
    const picture = await get(`/picture/${labelling.id}/0`);
    expect([picture.status, picture.headers.get("content-type")]).toEqual([200, "image/png"]);
    const names = ["00.png", "link.png"];
    expect(names[1]).toBe("link.png");
    const last = COUNT - 1;
    const outside = await get(`/picture/${labelling.id}/${last}`);
    expect([outside.status, await outside.text()]).toEqual([
      404,
      expect.stringContaining("a link that leads out of it"),
    ]);
    for (const path of [
      `/picture/another/0`,
      `/picture/${labelling.id}/${COUNT}`,
      `/picture/${labelling.id}/-1`,
      `/picture/${labelling.id}/..%2f..%2fetc%2fpasswd`,
      "/../../etc/passwd",
      "/%2e%2e/%2e%2e/etc/passwd",
      "/images/00.png",
    ])
      expect((await get(path)).status, path).toBe(404);
  });
});

describe("what is taken", () => {
  it("answers, skips and undoes, each in the file before it is said", async () => {
    const first = await stateOf(get("/api/state"));
    const one = await stateOf(post("/api/answer", { at: 0, image: first.current!.image, label: "  Café " }));
    expect(one).toMatchObject({ at: 1, classes: [{ name: "Café", key: "1", images: 1 }] });
    expect(loadLabelRows(file)).toEqual([{ path: first.current!.name, label: "Café", draw: "uniform" }]);
    const two = await stateOf(post("/api/answer", { at: 1, image: one.current!.image, label: null }));
    expect(two.counts).toBe("1 of 12 labelled, 1 skipped");
    expect(loadLabelRows(file)).toHaveLength(2);
    expect(await stateOf(post("/api/undo", { at: 2 }))).toEqual(one);
    expect(loadLabelRows(file)).toHaveLength(1);
    expect(await stateOf(post("/api/undo", { at: 1 }))).toEqual(first);
    expect(loadLabelRows(file)).toEqual([]);
  });

  it("no answer of a page that is behind, or that shows another image", async () => {
    const { current } = await stateOf(get("/api/state"));
    const late = await post("/api/answer", { at: 3, image: current!.image, label: "x" });
    expect([late.status, (await stateOf(late)).at]).toEqual([409, 0]);
    const other = await stateOf(post("/api/answer", { at: 0, image: (current!.image + 1) % COUNT, label: "x" }));
    expect(other.at).toBe(0);
  });

  it.each([
    ["no JSON", "{"],
    ["no label", { at: 0, image: 0 }],
    ["an empty label", { at: 0, image: 0, label: " " }],
    ["a label of two lines", { at: 0, image: 0, label: "a\nb" }],
    ["a long label", { at: 0, image: 0, label: "x".repeat(81) }],
    ["more than is asked", { at: 0, image: 0, label: "x", path: "/etc/passwd" }],
  ])("refuses %s", async (_, body) => {
    expect((await post("/api/answer", body)).status).toBe(400);
    expect(labelling.state.at).toBe(0);
  });

  it("refuses more bytes than an answer can have", async () => {
    expect((await post("/api/answer", { at: 0, image: 0, label: "x".repeat(5000) })).status).toBe(413);
  });

  it("gives an answer back that cannot be kept, and says why", async () => {
    const { current } = labelling.state;
    const save = store.save;
    Object.assign(store, {
      save: () => {
        throw new (class extends Error {})("unreachable");
      },
    });
    const broken = await post("/api/answer", { at: 0, image: current!.image, label: "x" });
    expect(broken.status).toBe(500);
    Object.assign(store, { save });
    expect(labelling.state).toMatchObject({ at: 0, classes: [] });
  });

  it("finishes once the answer is on its way", async () => {
    expect((await post("/api/finish", { at: 0 })).status).toBe(200);
    expect(finished).toBe(0);
    await expect.poll(() => finished).toBe(1);
  });
});
