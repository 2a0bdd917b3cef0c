import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromTypedArray, scope } from "@unlabel/torch";
import { afterAll, describe, expect, it } from "vitest";
import { UserError } from "../../../base/errors.ts";
import { weightsFile, weightsFixture } from "../../../testing/weights.ts";
import { tensorOf } from "../adapt.ts";
import { openWeightsFile } from "./open-weights-file.ts";
import type { Entry, WeightsFile } from "./weights-file.ts";

const folder = mkdtempSync(join(tmpdir(), "unlabel-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

function put(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const named = (file: WeightsFile) => new Map(file.entries.map((entry) => [entry.name, entry]));
const values = (entry: Entry) =>
  scope(() =>
    entry.dtype === "uint16"
      ? [...new Uint16Array(entry.bytes().buffer)]
      : tensorOf({ shape: entry.shape, pieces: [entry] }).toNumbers(),
  );

describe.each(["dtypes.pth", "dtypes5.pth", "dtypes_old.pth"])("%s", (name) => {
  it("gives PyTorch's values of every type and layout", async () => {
    const file = await openWeightsFile(weightsFile(name));
    const found = named(file);
    const expected = Object.entries(weightsFixture.dtypes);
    expect(expected.length).toBeGreaterThan(18);
    for (const [key, wanted] of expected) expect([key, values(found.get(key)!)]).toEqual([key, wanted]);
    expect(found.get("transposed")!.shape).toEqual([6, 4]);
    expect(found.get("array")!.shape).toEqual([2, 3]);
    expect(values(found.get("array")!)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(values(found.get("array by columns")!)).toEqual([0, 1, 2, 3, 4, 5]);
    // What numbers count is an optimizer's.
    expect([...found.keys()].filter((key) => key.startsWith("1"))).toEqual([]);
    file.close();
    expect(() => found.get("float32")!.bytes()).toThrow(/closed/);
  });

  it("keeps what stands beside them, inert", async () => {
    const file = await openWeightsFile(weightsFile(name));
    expect(file.metadata).toMatchObject({
      ...{ size: [2, 3], device: "cpu", dtype: "torch.bfloat16", numpy: 1.5, integer: -7, none: null, yes: true },
      ...{ big: "1180591620717411303424", negative: -(2 ** 40), bytes: "2 bytes", set: [1], text: "é" },
      ...{ tuple: [1, "two", [3]], defaultdict: { a: 1 } },
      args: { "(inert)": "argparse.Namespace", model: "mae_vit_tiny", lr: 1e-3 },
    });
    expect(file.inert).toContain("argparse.Namespace");
    expect(file.calls).toEqual([]);
    expect(file.unread).toEqual(["float8_e4m3fn"]);
    file.close();
  });
});

it("finds the tensors of a module that was saved whole", async () => {
  const whole = await openWeightsFile(weightsFile("whole_module.pth"));
  const plain = await openWeightsFile(weightsFile("timm/model.safetensors"));
  const wanted = new Map(plain.entries.map((entry) => [entry.name, Buffer.from(entry.bytes()).toString("base64")]));
  expect(whole.entries.map(({ name }) => name).sort()).toEqual([...wanted.keys()].sort());
  for (const entry of whole.entries) expect(Buffer.from(entry.bytes()).toString("base64")).toBe(wanted.get(entry.name));
  expect(whole.inert).toContain("timm.models.vision_transformer.VisionTransformer");
});

describe("a pickle that would run a command", () => {
  it.each(["evil.pth", "evil0.pkl", "evil2.pkl", "evil5.pkl"])("%s is read, and the call left inert", async (name) => {
    const file = await openWeightsFile(weightsFile(name));
    expect(file.calls).toEqual(["os.system"]);
    for (const entry of file.entries) entry.bytes();
    file.close();
    expect(existsSync("unlabel-was-here")).toBe(false);
  });

  it("leaves tensors beside it whole", async () => {
    const file = await openWeightsFile(weightsFile("evil.pth"));
    expect(file.entries.map(({ name, shape }) => [name, shape])).toEqual([["weight", [2, 3]]]);
    expect(values(file.entries[0]!)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(file.metadata).toEqual({ extra: "os.system (inert)" });
  });
});

describe("what holds no weights", () => {
  const cases: [name: string, bytes: string | Buffer, what: RegExp][] = [
    ["a.pth", "", /an empty file/],
    ["a.pth", Buffer.from([0xff, 0xd8, 0xff, 0xe0]), /a JPEG image/],
    ["a.safetensors", "<!DOCTYPE html><html>", /an HTML page \(a download that failed\?\)/],
    ["a.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", /a Git LFS pointer/],
    ["a.pt", Buffer.concat([Buffer.from("sys_info"), Buffer.alloc(600)]), /PyTorch's tar of before 0\.1\.10/],
    ["a.h5", Buffer.from("\x89HDF\r\n\x1a\n", "latin1"), /an HDF5 file/],
    ["a.json", '{"a": 1}', /a JSON file/],
    ["a.txt", "hello\n", /a text file/],
    ["a.pth", Buffer.alloc(100, 1), /damaged/],
    [
      "a.npz",
      Buffer.from("504b0506000000000000000000000000000000000000", "hex"),
      /data\.pkl in the archive, got an empty/,
    ],
  ];
  it.each(cases)("%s is told by what it is", async (name, bytes, what) => {
    const opening = openWeightsFile(put(name, bytes));
    await expect(opening).rejects.toThrow(UserError);
    await expect(openWeightsFile(put(name, bytes))).rejects.toThrow(what);
  });

  it("is told where there is nothing, or a folder", async () => {
    await expect(openWeightsFile(join(folder, "none"))).rejects.toThrow(/got nothing/);
    await expect(openWeightsFile(folder)).rejects.toThrow(/got a folder/);
  });
});

describe("pickles that ask for more than there is", () => {
  const pickle = (...parts: (string | number[])[]) =>
    Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))));
  const cases: [what: string, bytes: Buffer, message: RegExp][] = [
    ["a text of 4 GB", pickle("\x80\x02X", [255, 255, 255, 255]), /4294967295 more bytes of a pickle, got 0/],
    ["a text of 2^63 bytes", pickle("\x80\x04\x8d", [0, 0, 0, 0, 0, 0, 0, 128]), /a size that a file can have/],
    ["a value that nobody pushed", pickle("\x80\x02."), /a value on its stack/],
    ["a mark that nobody set", pickle("\x80\x02t."), /a mark on its stack/],
    ["a memo that is empty", pickle("\x80\x02h\x07."), /number 7 in its memo/],
    ["no end", pickle("\x80\x02]"), /cut off/],
    ["an opcode that is none", pickle("\x80\x02\xff."), /0xff/],
    ["lists without end", pickle("\x80\x02", "]".repeat(4_000_100), "."), /at most 4000000 opcodes/],
    ["a number of 2 GB", pickle("\x80\x02\x8b", [255, 255, 255, 127]), /whole number of at most/],
    ["keys without values", pickle("\x80\x02}(K\x01u."), /keys with values/],
  ];
  it.each(cases)("%s", async (_, bytes, message) => {
    await expect(openWeightsFile(put("x.pkl", bytes))).rejects.toThrow(message);
  });

  it("a dict within itself, and one in a million places, end", async () => {
    // d = {}; d["a"] = d, and ten dicts each of which holds the next twice.
    const itself = pickle("\x80\x02}q\x00U\x01ah\x00s.");
    const doubling = pickle(
      "\x80\x02}q\x00",
      ...Array.from({ length: 60 }, (_, i) => [
        0x7d,
        0x71,
        i + 1,
        0x28,
        0x55,
        1,
        97,
        0x68,
        i,
        0x55,
        1,
        98,
        0x68,
        i,
        0x75,
      ]),
      ".",
    );
    for (const bytes of [itself, doubling]) {
      const file = await openWeightsFile(put("x.pkl", bytes));
      expect(file.entries).toEqual([]);
      file.close();
    }
  });

  it("a list of a hundred lists of a hundred lists of …, told in part", async () => {
    const hundred = (inner: number[]) => [0x5d, 0x28, ...inner, ...Array(99).fill(0x32), 0x65];
    let list: number[] = [0x4b, 1];
    for (let depth = 0; depth < 6; depth++) list = hundred(list);
    const file = await openWeightsFile(put("x.pkl", pickle("\x80\x02}U\x01a", list, "s.")));
    expect(JSON.stringify(file.metadata).length).toBeLessThan(100_000);
    file.close();
  });

  it("a tensor longer than its storage", async () => {
    const bytes = readFileSync(weightsFile("evil.pth"));
    // 2 × 3 becomes 2 × 9: K\x02K\x03\x86 in the pickle.
    const at = bytes.indexOf(Buffer.from([0x4b, 2, 0x4b, 3, 0x86]));
    expect(at).toBeGreaterThan(0);
    bytes[at + 3] = 9;
    await expect(openWeightsFile(put("x.pth", bytes))).rejects.toThrow(/a tensor that its storage holds/);
  });
});

describe("shards", () => {
  it("are one source by their index", async () => {
    const file = await openWeightsFile(weightsFile("transformers/model.safetensors.index.json"));
    expect(file.format).toMatch(/^safetensors in \d files$/);
    expect(file.entries.map(({ name }) => name)).toContain("embeddings.cls_token");
    for (const entry of file.entries)
      expect(fromTypedArray(new Float32Array(entry.bytes().buffer)).numel).toBeGreaterThan(0);
    file.close();
  });

  it.each([
    ["names of other folders", { weight_map: { a: "../x.safetensors" } }, /names of files beside/],
    ["a file that is not there", { weight_map: { a: "x.safetensors" } }, /got nothing/],
    ["no map", { metadata: {} }, /one without weight_map/],
  ])("with %s are refused", async (_, index, message) => {
    const path = put("model.safetensors.index.json", JSON.stringify(index));
    await expect(openWeightsFile(path)).rejects.toThrow(message);
  });
});

describe("a damaged storage", () => {
  it("is found where the older format is cut off", async () => {
    const bytes = readFileSync(weightsFile("mae_like_old.pth"));
    await expect(openWeightsFile(put("x.pth", bytes.subarray(0, -8)))).rejects.toThrow(/it is cut off/);
  });

  it("is found by the archive's checksum", async () => {
    const bytes = readFileSync(weightsFile("mae_like.pth"));
    const value = Buffer.from((await openWeightsFile(weightsFile("mae_like.pth"))).entries[0]!.bytes());
    const at = bytes.indexOf(value);
    expect(at).toBeGreaterThan(0);
    bytes[at + 5]! ^= 1;
    const file = await openWeightsFile(put("x.pth", bytes));
    expect(() => file.entries[0]!.bytes()).toThrow(/as its checksum has it/);
    file.close();
  });
});
