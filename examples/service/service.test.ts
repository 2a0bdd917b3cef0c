// The service as a client meets it, with an encoder of two steps.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { loadEncoder, pretrain, UserError } from "unlabel";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Service, startService } from "./service.ts";

const folder = mkdtempSync(join(tmpdir(), "unlabel-service-"));
const [run, photos] = [join(folder, "run"), join(folder, "photos")];
const image = (name: string) => readFileSync(join(photos, name));
let service: Service;

beforeAll(async () => {
  mkdirSync(photos);
  const noise = (seed: number) =>
    sharp({
      create: {
        width: 40,
        height: 40,
        channels: 3,
        background: { r: 25 * seed, g: 250 - 25 * seed, b: 99 },
        noise: { type: "gaussian", mean: 9 * seed, sigma: 30 },
      },
    });
  for (let i = 0; i < 8; i++)
    await noise(i)
      .png()
      .toFile(join(photos, `${i}.png`));
  await pretrain({
    data: photos,
    settings: {
      flags: { method: "simclr", encoder: "resnet18", size: 32, batch: 8, steps: 2, health_every: 0, online: false },
    },
    out: run,
    stream: { write: () => true },
  });
  writeFileSync(join(photos, "broken.png"), "no image");
  service = await startService({ run, folder: photos, port: 0, maxBytes: 20_000 });
}, 120_000);

afterAll(async () => {
  await service?.close();
  rmSync(folder, { recursive: true, force: true });
});

const post = async (path: string, body: Uint8Array | string = "") => {
  const response = await fetch(`${service.url}${path}`, { method: "POST", body });
  return {
    status: response.status,
    headers: response.headers,
    value: (await response.json()) as Record<string, unknown>,
  };
};

it("says what it serves, and what of the folder it could not read", async () => {
  const about = (await (await fetch(service.url)).json()) as object;
  expect(about).toEqual({ encoder: "resnet18", method: "simclr", dim: 512, images: 8 });
  expect([service.images, service.skipped]).toEqual([8, ["broken.png"]]);
  expect(service.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

it("answers an image with the encoder's features", async () => {
  const { status, value } = await post("/features", image("3.png"));
  using encoder = await loadEncoder(run);
  expect(status).toBe(200);
  expect(value).toEqual({ dim: 512, features: Array.from(await encoder.encode(join(photos, "3.png"))) });
});

it("finds the folder's nearest images, the image itself first", async () => {
  const { status, value } = await post("/search?k=3", image("5.png"));
  const found = value.found as { path: string; similarity: number }[];
  expect(status).toBe(200);
  expect(found).toHaveLength(3);
  expect(found[0]).toEqual({ path: "5.png", similarity: expect.closeTo(1, 4) });
  expect(found.map(({ similarity }) => similarity)).toEqual(found.map((one) => one.similarity).sort((a, b) => b - a));
  expect((await post("/search?k=99", image("5.png"))).value.found).toHaveLength(8);
});

it.each([
  ["/features", "no image", 422, /Expected images that can be read, got/],
  ["/features", "", 400, /Expected the bytes of an image/],
  ["/search?k=0", "x", 400, /Expected a whole number of 1 or more for k, got 0/],
  ["/search?k=all", "x", 400, /Expected a whole number of 1 or more for k, got all/],
  ["/features", "x".repeat(20_001), 413, /Expected an image of at most 20000 bytes/],
  ["/nowhere", "x", 404, /Expected \/, \/features or \/search, got \/nowhere/],
  ["/", "x", 405, /Expected GET, got POST/],
] as const)("refuses POST %s with rubbish (%#) in one clear line, and goes on", async (path, body, status, error) => {
  const refused = await post(path, body);
  expect([refused.status, refused.value]).toEqual([status, { error: expect.stringMatching(error) }]);
  expect((await post("/features", image("0.png"))).status).toBe(200);
});

it("refuses a body without a length as soon as it is too long", async () => {
  const { port } = new URL(service.url);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1");
    let text = "";
    socket
      .on("data", (data) => (text += data))
      .on("error", reject)
      .on("close", () => resolve(text));
    socket.write("POST /features HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n");
    const chunk = "x".repeat(10_000);
    for (let i = 0; i < 3; i++) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer.toLowerCase()).toContain("connection: close");
});

it("asks for patience where too much waits", async () => {
  const busy = await startService({ run, folder: photos, port: 0, maxWaiting: 0 });
  const { status, headers } = await fetch(`${busy.url}/features`, { method: "POST", body: image("0.png") });
  await busy.close();
  expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
});

it("does not start without a run, on a port that is taken, or where nothing can be read", async () => {
  const empty = join(folder, "empty");
  mkdirSync(empty);
  writeFileSync(join(empty, "broken.png"), "no image");
  await expect(startService({ run: join(folder, "none"), folder: photos, port: 0 })).rejects.toThrow(UserError);
  const port = Number(new URL(service.url).port);
  await expect(startService({ run, folder: photos, port })).rejects.toThrow(/EADDRINUSE/);
  await expect(startService({ run, folder: empty, port: 0 })).rejects.toThrow(/Expected images that can be read in/);
});
