import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  loadSafetensors,
  memory,
  randn,
  readSafetensorsHeader,
  saveSafetensors,
  TorchError,
  tensor,
  verifySafetensors,
  zeros,
} from "./index.ts";
import { bytesOf, tensorAt, writeFully } from "./safetensors.ts";
import { fixturePath } from "./testing/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "safetensors-"));
const path = join(folder, "x.safetensors");
afterAll(() => rmSync(folder, { recursive: true }));

describe("files of Python's safetensors", () => {
  it("reads every dtype, and writes the same bytes", () => {
    const reference = fixturePath("dtypes");
    const { tensors, metadata } = loadSafetensors(reference);
    expect(metadata).toEqual({ "made by": "safetensors" });
    for (const name of ["float64", "float32", "float16", "bfloat16"]) {
      expect(tensors[name]?.dtype).toBe(name);
      expect(tensors[name]?.toNumbers()).toEqual([-1.5, 0.25, 3]);
      expect(tensors[name]?.shape).toEqual([1, 3]);
    }
    for (const bits of [8, 16, 32, 64]) {
      expect(tensors[`int${bits}`]?.toNumbers()).toEqual([-5, 0, 7]);
      expect(tensors[`uint${bits}`]?.toNumbers()).toEqual([5, 0, 7]);
    }
    expect(tensors.bool?.dtype).toBe("bool");
    expect(tensors.bool?.toNumbers()).toEqual([1, 0]);
    expect(tensors.complex64?.toNumbers()).toEqual([1, 2, -0, -3]);
    expect(tensors.scalar?.shape).toEqual([]);
    expect(tensors.empty?.shape).toEqual([0, 3]);
    saveSafetensors(path, tensors, metadata);
    expect(readFileSync(path).equals(readFileSync(reference))).toBe(true);
  });
});

it("says nothing of the file that metadata were read from", () => {
  saveSafetensors(path, { x: zeros([3]) }, { step: "1" }, { checksum: true });
  const { metadata } = loadSafetensors(path);
  const other = join(folder, "other.safetensors");
  saveSafetensors(other, { x: tensor([4, 5]) }, metadata);
  expect(loadSafetensors(other).tensors.x!.toNumbers()).toEqual([4, 5]);
  expect(loadSafetensors(other).metadata).toEqual({ step: "1" });
  saveSafetensors(other, { x: tensor([6]) }, metadata, { checksum: true });
  expect(loadSafetensors(other).tensors.x!.toNumbers()).toEqual([6]);
  rmSync(other);
});

describe("large tensors", () => {
  it("are written, hashed and read in parts", () => {
    const x = randn([7, 5]);
    const flags = tensor(Uint8Array.from({ length: 9 }, (_, i) => i % 2)).to({ dtype: "bool" });
    // Neither is a whole number of parts, nor does one hold two elements of the first.
    for (const [one, size] of [
      [x.t(), 4],
      [flags, 1],
    ] as const) {
      const whole = Buffer.concat([...bytesOf(one, size)]);
      const parts = [...bytesOf(one, size, 6)];
      expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(6);
      expect(parts.length).toBeGreaterThan(1);
      expect(Buffer.concat(parts).equals(whole)).toBe(true);
      const file = openSync(path, "w+");
      try {
        const hash = createHash("sha256");
        writeFully(file, Buffer.from("head"), hash, 3);
        writeFully(file, whole, hash, 6);
        const written = readFileSync(path);
        expect(written.equals(Buffer.concat([Buffer.from("head"), whole]))).toBe(true);
        expect(hash.digest("hex")).toBe(createHash("sha256").update(written).digest("hex"));
        const entry = { dtype: one.dtype, shape: one.shape, begin: 0, end: whole.length };
        const read = tensorAt(file, "x", entry, 4, 6);
        expect([read.dtype, read.shape, read.equal(one)]).toEqual([one.dtype, one.shape, true]);
      } finally {
        closeSync(file);
      }
    }
  });
});

describe("saving and loading", () => {
  it("keeps values, names and metadata of any layout", () => {
    const x = randn([3, 4]);
    saveSafetensors(path, { "a.b": x.t(), __proto__x: tensor(1), é: zeros([0]) }, { step: "3", note: 'a\n"b"' });
    const { tensors, metadata } = loadSafetensors(path);
    expect(Object.keys(tensors).sort()).toEqual(["__proto__x", "a.b", "é"]);
    expect(tensors["a.b"]?.equal(x.t())).toBe(true);
    expect(metadata).toEqual({ step: "3", note: 'a\n"b"' });
    const header = readSafetensorsHeader(path);
    expect(header.tensors["a.b"]).toMatchObject({ dtype: "float32", shape: [4, 3] });
    expect(header.metadata).toEqual(metadata);
  });

  it("holds nothing but tensors of the file, and leaves nothing beside it", () => {
    saveSafetensors(path, {});
    expect(loadSafetensors(path)).toEqual({ tensors: {}, metadata: {} });
    expect(readdirSync(folder)).toEqual(["x.safetensors"]);
  });

  it("keeps the old file when the new one cannot be written", () => {
    saveSafetensors(path, { x: tensor(1) });
    expect(() => saveSafetensors(path, { x: zeros([1], { dtype: "complex128" }) })).toThrow(/got complex128/);
    expect(() => saveSafetensors(join(folder, "none", "x"), { x: tensor(1) })).toThrow(TorchError);
    expect(() => saveSafetensors(path, { __metadata__: tensor(1) })).toThrow(/another name/);
    expect(loadSafetensors(path).tensors.x?.item()).toBe(1);
    const gone = tensor(1);
    gone.dispose();
    expect(() => saveSafetensors(path, { gone })).toThrow(/live tensor for gone/);
    expect(readdirSync(folder)).toEqual(["x.safetensors"]);
  });
});

describe("a checksum", () => {
  const tensors = { a: tensor([1, 2, 3]), b: tensor([true, false]) };
  const metadata = { step: "3" };

  it("stands in the metadata, and the same tensors make the same bytes", () => {
    saveSafetensors(path, tensors, metadata, { checksum: true });
    const bytes = readFileSync(path);
    const header = verifySafetensors(path);
    expect(header.metadata).toEqual({ step: "3", "unlabel.sha256": expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(loadSafetensors(path).tensors.a?.equal(tensors.a)).toBe(true);
    saveSafetensors(path, tensors, metadata, { checksum: true });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    const digits = header.metadata["unlabel.sha256"]!;
    const without = Buffer.from(bytes.toString("latin1").replace(digits, "0".repeat(64)), "latin1");
    expect(createHash("sha256").update(without).digest("hex")).toBe(digits);
  });

  it("betrays every single flipped bit, but for those of its own name", () => {
    saveSafetensors(path, tensors, metadata, { checksum: true });
    const bytes = readFileSync(path);
    const name = bytes.indexOf("unlabel.sha256");
    for (let at = 0; at < bytes.length; at++) {
      if (at >= name && at < name + "unlabel.sha256".length) continue;
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1 << (at % 8);
      writeFileSync(path, damaged);
      expect(() => verifySafetensors(path), `byte ${at}`).toThrow(TorchError);
      expect(() => loadSafetensors(path), `byte ${at}`).toThrow(TorchError);
    }
  });

  it("is not missed in files without one", () => {
    saveSafetensors(path, tensors);
    expect(verifySafetensors(path).metadata).toEqual({});
  });
});

describe("files that are not to be trusted", () => {
  const file = (header: string | Buffer, data = 0, length?: number) => {
    const json = Buffer.from(header);
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(length ?? json.length));
    return Buffer.concat([size, json, Buffer.alloc(data, 2)]);
  };
  const entry = (dtype: unknown, shape: unknown, offsets: unknown) =>
    `{"dtype":${JSON.stringify(dtype)},"shape":${JSON.stringify(shape)},"data_offsets":${JSON.stringify(offsets)}}`;
  const one = (dtype: unknown, shape: unknown, offsets: unknown) => `{"x":${entry(dtype, shape, offsets)}}`;
  const two = (first: number[], second: number[]) =>
    `{"x":${entry("U8", [first[1]! - first[0]!], first)},"y":${entry("U8", [second[1]! - second[0]!], second)}}`;

  const cases: [what: string, bytes: Buffer, message: RegExp][] = [
    ["empty file", Buffer.alloc(0), /at least 8 bytes, got 0/],
    ["7 bytes", Buffer.alloc(7), /at least 8 bytes/],
    ["header longer than allowed", file("{}", 0, 100_000_001), /at most 100000000 bytes, got 100000001/],
    ["header of 2^64 bytes", Buffer.alloc(8, 255), /at most 100000000 bytes/],
    ["header longer than the file", file("{}", 0, 3), /header of 3 bytes, got 2: the file is cut off/],
    ["no header", file(""), /JSON/],
    ["header that is not JSON", file("{"), /JSON/],
    ["header that is not UTF-8", file(Buffer.from([0x7b, 0xff, 0x7d])), /JSON/],
    ["header behind a byte-order mark", file("\ufeff{}"), /JSON/],
    ["header that begins with a space", file(" {}"), /an object in the header/],
    ["array header", file("[]"), /an object in the header/],
    ["null header", file("null"), /an object in the header/],
    ["tensor twice", file(`{"x":${entry("U8", [0], [0, 0])},"\\u0078":${entry("U8", [0], [0, 0])}}`), /"x" twice/],
    ["dtype twice", file('{"x":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}'), /"dtype" twice/],
    ["metadata that is no object", file('{"__metadata__":"x"}'), /object for __metadata__, got "x"/],
    ["metadata that is no string", file('{"__metadata__":{"a":1}}'), /string for metadata a, got 1/],
    ["entry that is no object", file('{"x":3}'), /an object for x, got 3/],
    ["unknown dtype", file(one("F7", [1], [0, 4]), 4), /a dtype .* for x, got "F7"/],
    ["dtype of Object's own", file(one("toString", [1], [0, 4]), 4), /a dtype .*got "toString"/],
    ["missing dtype", file('{"x":{"shape":[],"data_offsets":[0,4]}}', 4), /a dtype .*got undefined/],
    ["unknown field", file('{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"y":1}}'), /alone for x, got "y"/],
    ["negative size", file(one("F32", [-1], [0, 4]), 4), /whole numbers for x, got \[-1\]/],
    ["fractional size", file(one("F32", [1.5], [0, 6]), 6), /whole numbers/],
    ["huge sizes", file(one("F32", [2 ** 40, 2 ** 40], [0, 4]), 4), /bytes .* for x, got 4/],
    [
      "sizes that overflow and come back to 0",
      file(one("F32", [2 ** 52, 2 ** 52, 2 ** 52, 0], [0, 4]), 4),
      /for x, got 4/,
    ],
    ["too many dimensions", file(one("U8", Array(65).fill(1), [0, 1]), 1), /at most 64 whole numbers/],
    ["shape that is no array", file(one("U8", "1", [0, 1]), 1), /whole numbers for x, got "1"/],
    ["one offset", file(one("U8", [1], [0]), 1), /two byte offsets/],
    ["negative offset", file(one("U8", [1], [-1, 0]), 1), /two byte offsets/],
    ["offsets the wrong way round", file(one("U8", [1], [1, 0]), 1), /1 bytes .* got -1/],
    ["size unlike shape", file(one("F32", [2], [0, 4]), 4), /8 bytes \(F32 \[2\]\) for x, got 4/],
    ["offset past the end", file(one("U8", [4], [0, 4]), 3), /4 bytes of tensors, got 3: the file is cut off/],
    ["bytes after the tensors", file(one("U8", [4], [0, 4]), 5), /4 bytes of tensors, got 5: something follows/],
    ["hole at the start", file(one("U8", [1], [1, 2]), 2), /x at byte 0, got 1: there is a hole/],
    ["hole between", file(two([0, 1], [2, 3]), 3), /y at byte 1, got 2: there is a hole/],
    ["overlap", file(two([0, 2], [1, 3]), 3), /y at byte 2, got 1: it overlaps/],
    ["tensor on top of another", file(two([0, 2], [0, 2]), 2), /overlaps/],
    ["bool that is neither", file(one("BOOL", [1], [0, 1]), 1), /0 or 1 in x/],
  ];

  it.each(cases)("refuses: %s", (_, bytes, message) => {
    writeFileSync(path, bytes);
    const before = memory().liveTensors;
    expect(() => loadSafetensors(path)).toThrow(TorchError);
    expect(() => loadSafetensors(path)).toThrow(message);
    expect(() => loadSafetensors(path)).toThrow(path);
    expect(memory().liveTensors).toBe(before);
  });

  it("refuses a name like __proto__ no more than any other", () => {
    writeFileSync(path, file(`{"__proto__":${entry("U8", [1], [0, 1])}}`, 1));
    const { tensors } = loadSafetensors(path);
    expect(Object.keys(tensors)).toEqual(["__proto__"]);
    saveSafetensors(path, tensors);
    expect(Object.keys(readSafetensorsHeader(path).tensors)).toEqual(["__proto__"]);
  });

  it("refuses what is not a file", () => {
    expect(existsSync(join(folder, "none"))).toBe(false);
    expect(() => loadSafetensors(join(folder, "none"))).toThrow(TorchError);
    expect(() => readSafetensorsHeader(folder)).toThrow(/Expected a file/);
  });
});
