// TensorBoard's event files: records of a length, the event as TensorFlow's protocol buffer, and a masked CRC-32C of each.
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import CRC32C from "crc-32/crc32c.js";
import { append, makeFolder } from "../../base/files.ts";
import { EventSchema } from "./events_pb.ts";

/** An event but for its time. */
export type EventShape = Omit<MessageInitShape<typeof EventSchema>, "wallTime" | "$typeName">;

/** What readers take back to earlier steps for: a log that begins again. */
const START = 1;
const IMAGE_PNG_RGB = 3;
const DT_STRING = 7;

/** Of this process: names differ within a second too. */
let files = 0;

/**
 * A new file of a folder, to which events are added whole; other files there stay, and are read before it.
 *
 * Nothing is written before the first event.
 */
export class EventFile {
  readonly path: string;
  readonly #now: () => number;
  #begun = false;

  /** @param now seconds since 1970 */
  constructor(folder: string, now: () => number = () => Date.now() / 1000) {
    this.#now = now;
    // Readers go by names, sorted, and look for `tfevents` in them.
    const began = Math.floor(now()).toString().padStart(10, "0");
    this.path = join(folder, `events.out.tfevents.${began}.${hostname()}.${process.pid}.${files++}`);
  }

  /** Adds events of one moment, all or none: a record that is cut short would end the file for its readers. */
  add(...events: readonly EventShape[]): void {
    const first: EventShape[] = this.#begun ? [] : [{ what: { case: "fileVersion", value: "brain.Event:2" } }];
    const records = [...first, ...events].map((event) => record({ ...event, wallTime: this.#now() }));
    if (!this.#begun) makeFolder(dirname(this.path));
    append(this.path, Buffer.concat(records));
    this.#begun = true;
  }
}

/** Training begins at `step`, or goes on there: what earlier files say of it and of later ones is void. */
export function began(step: number): EventShape {
  return { step: BigInt(step), what: { case: "sessionLog", value: { status: START } } };
}

/** Numbers of a step, by name; names `part/name` are drawn part by part. */
export function scalars(step: number, values: Readonly<Record<string, number>>): EventShape {
  const value = Object.entries(values).map(([tag, simpleValue]) => ({
    tag,
    value: { case: "simpleValue" as const, value: simpleValue },
  }));
  return { step: BigInt(step), what: { case: "summary", value: { value } } };
}

/** A square picture. @param png the file's bytes @param side in pixels */
export function image(step: number, tag: string, png: Uint8Array, side: number): EventShape {
  const shown = { width: side, height: side, colorspace: IMAGE_PNG_RGB, encodedImageString: png };
  return {
    step: BigInt(step),
    what: { case: "summary", value: { value: [{ tag, value: { case: "image", value: shown } }] } },
  };
}

/** A text in Markdown. */
export function text(step: number, tag: string, markdown: string): EventShape {
  const tensor = { dtype: DT_STRING, stringVal: [Buffer.from(markdown)] };
  const value = {
    tag,
    metadata: { pluginData: { pluginName: "text" } },
    value: { case: "tensor" as const, value: tensor },
  };
  return { step: BigInt(step), what: { case: "summary", value: { value: [value] } } };
}

/** Length (8 bytes), its checksum (4), the event, its checksum (4), little-endian. */
function record(event: EventShape & { wallTime: number }): Buffer {
  const data = toBinary(EventSchema, create(EventSchema, event));
  const whole = Buffer.alloc(12 + data.length + 4);
  whole.writeBigUInt64LE(BigInt(data.length), 0);
  whole.writeUInt32LE(masked(whole.subarray(0, 8)), 8);
  whole.set(data, 12);
  whole.writeUInt32LE(masked(data), 12 + data.length);
  return whole;
}

/** A checksum of bytes that hold checksums themselves would be weak: it is turned and shifted. */
function masked(bytes: Uint8Array): number {
  const crc = CRC32C.buf(bytes) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
