import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { RunDirectory } from "../run/directory.ts";
import { EventFile, scalars } from "../run/tensorboard/event-file.ts";
import { type Event, EventSchema } from "../run/tensorboard/events_pb.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { pretrain } from "./pretrain.ts";

const FLAGS = { method: "mae", preset: "small", size: 16, patch: 8, batch: 2, threads: 1 };

async function images(folder: string): Promise<string> {
  const data = join(folder, "data");
  await writeImages(data, ["a.png", "b.png", "c.png", "d.png"], 16);
  return data;
}

/** By the bits: x³² + … reflected (Castagnoli's polynomial). */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function eventsOf(path: string): Event[] {
  const bytes = readFileSync(path);
  const events: Event[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 8)).toBe(masked(bytes.subarray(at, at + 8)));
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(masked(data));
    events.push(fromBinary(EventSchema, data));
    at += 16 + length;
  }
  return events;
}

it("has the checksum of the standard's example", () => {
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
});

it("begins a file with its version, at the first event", () => {
  using folder = temporaryFolder();
  const file = new EventFile(join(folder.path, "logs"), () => 1_700_000_000.5);
  expect(readdirSync(folder.path)).toEqual([]);
  file.add(scalars(7, { "train/loss": 0.5, "data/wait_s": 2 }));
  expect(file.path).toMatch(/events\.out\.tfevents\.1700000000\./);
  const [version, step] = eventsOf(file.path);
  expect(version).toMatchObject({ wallTime: 1_700_000_000.5, what: { case: "fileVersion", value: "brain.Event:2" } });
  expect(step!.step).toBe(7n);
  expect(step!.what.value).toMatchObject({
    value: [
      { tag: "train/loss", value: { case: "simpleValue", value: 0.5 } },
      { tag: "data/wait_s", value: { case: "simpleValue", value: 2 } },
    ],
  });
});

it("keeps what a training notes; one that goes on voids what came after its checkpoint", async () => {
  using folder = temporaryFolder();
  const out = join(folder.path, "run");
  const flags = { ...FLAGS, epochs: 2, log: "tensorboard" };
  await pretrain({ data: await images(folder.path), out, settings: { flags } });
  const logs = () => readdirSync(join(out, "tensorboard")).sort();
  const events = eventsOf(join(out, "tensorboard", logs()[0]!));
  const summaries = events.flatMap(({ step, what }) =>
    what.case === "summary" ? what.value.value.map((value) => ({ step: Number(step), ...value })) : [],
  );
  const rows = [...RunDirectory.open(out).rows()];
  const losses = summaries.filter(({ tag }) => tag === "train/loss");
  expect(losses.map(({ step, value }) => [step, value.value])).toEqual(
    rows.map((row) => [row.step, Math.fround(row["train/loss"]!)]),
  );
  const pictures = summaries.filter(({ value }) => value.case === "image");
  expect(pictures.map(({ tag }) => tag)).toContain("mae/1/reconstructed");
  expect(summaries[0]).toMatchObject({ tag: "config", metadata: { pluginData: { pluginName: "text" } } });

  await pretrain({ out, resume: true, settings: { flags: { epochs: 3 } } });
  const [, second] = logs();
  const [, session] = eventsOf(join(out, "tensorboard", second!));
  expect(session).toMatchObject({ step: BigInt(rows.length + 1), what: { case: "sessionLog", value: { status: 1 } } });
});

it("writes none where none is asked for", async () => {
  using folder = temporaryFolder();
  const request = { data: await images(folder.path), out: join(folder.path, "run") };
  const { run } = await pretrain({ ...request, settings: { flags: { ...FLAGS, steps: 1 } } });
  expect(readdirSync(run)).not.toContain("tensorboard");
});
