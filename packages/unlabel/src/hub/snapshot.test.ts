import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { type TestHub, testHub } from "../testing/hub.ts";
import { hubSettings } from "./settings.ts";
import { hubSnapshot } from "./snapshot.ts";

const WEIGHTS = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 31) % 251));
const FILES = {
  "config.json": '{"model_type":"vit"}',
  "README.md": "---\nlicense: mit\n---\n",
  "model.safetensors": WEIGHTS,
  "pytorch_model.bin": Buffer.alloc(100),
  "flax_model.msgpack": Buffer.alloc(100),
};

let hub: TestHub;
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(async () => {
  folder = temporaryFolder();
  hub = await testHub(FILES);
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const settings = (more: Record<string, string> = {}) => ({
  ...hubSettings({ HF_HOME: folder.path, HF_ENDPOINT: hub.endpoint, ...more }),
});
const quiet = { write: () => true };
const get = async (text: string, more: Record<string, string> = {}) => hubSnapshot(text, quiet, settings(more));
const model = () => join(folder.path, "hub", "models--org--name");

it("downloads what an encoder needs into the hub's own layout, pins it, and asks no more", async () => {
  const found = await get("hub:org/name");
  const { commit } = hub;
  expect(found).toEqual({
    folder: join(model(), "snapshots", commit),
    name: `hub:org/name@${commit}`,
    notes: [],
  });
  expect(readdirSync(found.folder).sort()).toEqual(["README.md", "config.json", "model.safetensors"]);
  expect(readFileSync(join(found.folder, "model.safetensors")).equals(WEIGHTS)).toBe(true);
  expect(lstatSync(join(found.folder, "model.safetensors")).isSymbolicLink()).toBe(true);
  expect(readlinkSync(join(found.folder, "model.safetensors"))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
  expect(readlinkSync(join(found.folder, "config.json"))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
  expect(readFileSync(join(model(), "refs", "main"), "utf8")).toBe(commit);
  expect(existsSync(join(model(), ".no_exist", commit, "preprocessor_config.json"))).toBe(true);
  expect(readdirSync(join(model(), "blobs")).some((name) => name.includes("incomplete"))).toBe(false);
  const asked = hub.asked.length;
  // Of the commit nothing can have changed; of the branch the list is asked for, and no content.
  expect((await get(found.name)).folder).toBe(found.folder);
  expect(hub.asked.length).toBe(asked);
  await get("hub:org/name");
  expect(hub.asked.length).toBe(asked + 1);
});

it("sends the token to the hub alone, never to where it redirects, and shows it nowhere", async () => {
  await get("hub:org/gated@v1", { HF_TOKEN: "hf_good" });
  expect(
    hub.asked.filter(({ at }) => at === "hub").every(({ authorization }) => authorization === "Bearer hf_good"),
  ).toBe(true);
  const stored = hub.asked.filter(({ at }) => at === "store");
  expect(stored.length).toBe(1);
  expect(stored[0]!.authorization).toBeNull();
  for (const [token, words] of [
    ["hf_wrong", /Expected access to hub:org\/gated, got 401: its terms.*the token that is set does not allow it/],
    ["hf with spaces", /Expected a token in HF_TOKEN, got something with spaces/],
  ] as const) {
    const error = await get("hub:org/gated@main", { HF_TOKEN: token }).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(words);
    expect(`${(error as Error).message}${(error as Error).stack}`).not.toContain(token);
  }
});

it("takes the token of the file that logging in writes, and none where that is forbidden", async () => {
  writeFileSync(join(folder.path, "token"), "hf_good\n");
  expect(settings().token).toBe("hf_good");
  expect(settings({ HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" }).token).toBeNull();
  // As Python's client has it: that of the environment neither.
  expect(settings({ HF_HUB_DISABLE_IMPLICIT_TOKEN: "1", HF_TOKEN: "hf_other" }).token).toBeNull();
  expect(settings({ HF_TOKEN: "hf_other" }).token).toBe("hf_other");
  await get("hub:org/gated");
});

it("goes on where a connection broke, within a call and in the next one", async () => {
  hub.faults.broken = 2;
  const found = await get("hub:org/name");
  expect(readFileSync(join(found.folder, "model.safetensors")).equals(WEIGHTS)).toBe(true);
  const ranges = hub.asked.filter(({ at }) => at === "store").map(({ range }) => range);
  expect(ranges[0]).toBeNull();
  expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range!))).toBe(true);
}, 20_000);

it("two that ask for the same at once do not write over each other", async () => {
  hub.faults.broken = 1;
  const found = await Promise.all([get("hub:org/name"), get("hub:org/name")]);
  for (const { folder: at } of found) expect(readFileSync(join(at, "model.safetensors")).equals(WEIGHTS)).toBe(true);
  // What broke off of the one is no use to anybody once the other has it whole; the next call clears it away.
  await get("hub:org/name");
  expect(readdirSync(join(model(), "blobs")).filter((name) => /[0-9a-f]{64}.*incomplete/.test(name))).toEqual([]);
});

it.each([
  ["a process that has ended", 2 ** 22 + 1, "bytes=1000-"],
  ["an earlier version", null, "bytes=1000-"],
  ["one that is still at it", process.ppid, null],
])("goes on with what is left of %s, and with nobody else's", async (_, pid, range) => {
  const host = hostname().replace(/[^A-Za-z0-9-]/g, "-");
  const sum = createHash("sha256").update(WEIGHTS).digest("hex");
  mkdirSync(join(model(), "blobs"), { recursive: true });
  const part = join(model(), "blobs", `${sum}.unlabel.incomplete${pid === null ? "" : `.${host}.${pid}.1`}`);
  writeFileSync(part, WEIGHTS.subarray(0, 1000));
  const found = await get("hub:org/name");
  expect(readFileSync(join(found.folder, "model.safetensors")).equals(WEIGHTS)).toBe(true);
  expect(hub.asked.filter(({ at }) => at === "store").map((one) => one.range)).toEqual([range]);
  expect(existsSync(part)).toBe(pid === process.ppid);
});

it("begins again where the server knows no ranges", async () => {
  Object.assign(hub.faults, { broken: 1, noRanges: true });
  const found = await get("hub:org/name");
  expect(readFileSync(join(found.folder, "model.safetensors")).equals(WEIGHTS)).toBe(true);
});

it.each<[string, () => void, RegExp]>([
  ["other bytes", () => (hub.faults.wrongBytes = true), /as the hub announces it \([0-9a-f]{40}\), got other bytes/],
  ["more than announced", () => (hub.faults.tooMuch = true), /Expected \d+ bytes of .*, got more/],
  ["a huge file", () => (hub.faults.claimed = 1e15), /got 1000000 GB|Expected at most 16 GB/],
  ["an error", () => (hub.faults.status = [403]), /got 403: there is none of that name, or it is private/],
  ["a redirect to a file", () => (hub.faults.redirect = "file:///etc/passwd"), /got a redirect to none/],
  [
    "a redirect in a circle",
    () => (hub.faults.redirect = `${hub.endpoint}/org/name/resolve/${hub.commit}/model.safetensors`),
    /more than 10 redirects/,
  ],
])("refuses %s in one line, and leaves nothing that looks whole", async (_, fault, words) => {
  fault();
  await expect(get("hub:org/name")).rejects.toThrow(words);
  expect(existsSync(join(model(), "snapshots", hub.commit, "model.safetensors"))).toBe(false);
});

it("refuses a large file that is not what was announced, and begins it anew", async () => {
  const fault = { get: hub.files.get("model.safetensors")! };
  await get("hub:org/name");
  rmSync(model(), { recursive: true });
  hub.files.delete("README.md");
  hub.files.delete("config.json");
  hub.faults.wrongBytes = true;
  await expect(get("hub:org/name")).rejects.toThrow(/\([0-9a-f]{64}\), got other bytes/);
  hub.faults.wrongBytes = false;
  const found = await get("hub:org/name");
  expect(readFileSync(join(found.folder, "model.safetensors")).equals(fault.get)).toBe(true);
});

it("reads a mirror's list that says neither sizes nor checksums, and still holds contents against theirs", async () => {
  hub.faults.bareList = true;
  const found = await get("hub:org/name");
  expect(readFileSync(join(found.folder, "model.safetensors")).equals(WEIGHTS)).toBe(true);
  rmSync(model(), { recursive: true });
  hub.faults.wrongBytes = true;
  await expect(get("hub:org/name")).rejects.toThrow(/got other bytes/);
});

it("offline takes what is there, and says what to do where nothing is", async () => {
  await expect(get("hub:org/name", { HF_HUB_OFFLINE: "1" })).rejects.toThrow(
    /Expected hub:org\/name in .*, where it has not been downloaded to; HF_HUB_OFFLINE/,
  );
  const { folder: at } = await get("hub:org/name");
  const asked = hub.asked.length;
  expect((await get("hub:org/name", { HF_HUB_OFFLINE: "yes" })).folder).toBe(at);
  expect((await get("hub:org/name@main", { TRANSFORMERS_OFFLINE: "1" })).folder).toBe(at);
  expect(hub.asked.length).toBe(asked);
});

it("takes what another of the hub's clients has downloaded, without asking for its content", async () => {
  const sums = { "config.json": "blob-a", "model.safetensors": "blob-b" };
  mkdirSync(join(model(), "blobs"), { recursive: true });
  mkdirSync(join(model(), "refs"));
  mkdirSync(join(model(), "snapshots", hub.commit), { recursive: true });
  writeFileSync(join(model(), "refs", "main"), hub.commit);
  for (const [name, blob] of Object.entries(sums)) {
    writeFileSync(join(model(), "blobs", blob), FILES[name as keyof typeof sums]);
    symlinkSync(`../../blobs/${blob}`, join(model(), "snapshots", hub.commit, name));
  }
  await get("hub:org/name", { HF_HUB_OFFLINE: "1" });
  await get("hub:org/name");
  expect(hub.asked.map(({ at, url }) => `${at} ${url.split("/").at(-1)}`)).toEqual([
    "hub main?blobs=true",
    "hub README.md",
  ]);
});

it("takes what is there where the hub does not answer, and says so", async () => {
  await get("hub:org/name");
  hub.faults.status = [503];
  const { notes } = await get("hub:org/name");
  expect(notes.join()).toMatch(/did not answer: org\/name is the one that was downloaded before/);
  hub.faults = { silent: true };
  const impatient = { ...settings(), patience: 100 };
  expect((await hubSnapshot("hub:org/name", quiet, impatient)).notes.length).toBe(1);
  await expect(hubSnapshot("hub:org/name@v1", quiet, impatient)).rejects.toThrow(/got none within 0\.1 s/);
});

it("reads weights in several files, and refuses an index that leads elsewhere", async () => {
  hub.files.delete("model.safetensors");
  const index = (...names: string[]) =>
    Buffer.from(JSON.stringify({ weight_map: Object.fromEntries(names.map((name, i) => [`t${i}`, name])) }).padEnd(80));
  hub.files.set("model.safetensors.index.json", index("model-1-of-2.safetensors", "model-2-of-2.safetensors"));
  hub.files.set("model-1-of-2.safetensors", Buffer.alloc(100, 1));
  hub.files.set("model-2-of-2.safetensors", Buffer.alloc(100, 2));
  const found = await get("hub:org/name");
  expect(readdirSync(found.folder)).toEqual(
    expect.arrayContaining(["model-1-of-2.safetensors", "model-2-of-2.safetensors"]),
  );
  rmSync(model(), { recursive: true });
  for (const bad of ["../../../evil.safetensors", "/etc/passwd", "missing.safetensors"]) {
    hub.files.set("model.safetensors.index.json", index(bad));
    await expect(get("hub:org/name")).rejects.toThrow(/to name files that are there, got other names/);
  }
});

it.each([
  ["no weights", { "config.json": "{}" }, /got none among its 1 files/],
  ["several", { "a.pth": "1", "b.pth": "2" }, /got 2 of them \(a\.pth, b\.pth, …\); download one from/],
])("says what there is instead of one file of weights: %s", async (_, files, words) => {
  hub.files.clear();
  for (const [name, text] of Object.entries(files)) hub.files.set(name, Buffer.from(text));
  await expect(get("hub:org/name")).rejects.toThrow(words);
});

it.each([
  ["hub:", /Expected hub:ORG\/NAME, as in hub:facebook\/dinov2-small/],
  ["hub:name", /Expected hub:ORG\/NAME/],
  ["hub:a/../b", /Expected hub:ORG\/NAME/],
  ["hub:a/..", /Expected hub:ORG\/NAME/],
  ["hub:org/name@../../x", /Expected a branch, a tag or a commit after @/],
  ["hub:org/name@", /Expected a branch, a tag or a commit after @/],
  ["hub:org/name@v9", /got v9, which it does not have/],
  ["hub:org/other", /Expected a model that may be read at .*\/org\/other, got 401.*no token is set/],
])("refuses %s", async (text, words) => {
  await expect(get(text)).rejects.toThrow(words);
});

it.each([
  ["ftp://example.org", /Expected HF_ENDPOINT to be the address of a hub/],
  ["https://user:secret@example.org", /got one with a user or password in it/],
])("refuses HF_ENDPOINT %s without repeating it", async (endpoint, words) => {
  const read = () => hubSettings({ HF_ENDPOINT: endpoint });
  expect(read).toThrow(words);
  expect(read).not.toThrow(/secret/);
});
