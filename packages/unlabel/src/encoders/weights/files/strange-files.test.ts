// What people name by mistake, and what somebody makes to do harm: each ends in one line, soon, and in little memory.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UserError } from "../../../base/errors.ts";
import { openWeights } from "../open-weights.ts";
import { openWeightsFile } from "./open-weights-file.ts";

const folder = mkdtempSync(join(tmpdir(), "unlabel-strange-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...names: string[]) => join(folder, ...names);

function put(name: string, bytes: string | Uint8Array): string {
  writeFileSync(at(name), bytes);
  return at(name);
}

const latin1 = (...parts: (string | readonly number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))));
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return [...bytes];
};

describe("what is no file of weights is told by what it is", () => {
  it.each<[name: string, bytes: string | Buffer, what: RegExp]>([
    ["curl.pth", "curl: (6) Could not resolve host\n", /got a text file/],
    ["found.pth", "(not found)\n", /got a text file/],
    ["brace.pth", "}\n", /got a text file/],
    ["json.pth", '{"error":"Repository not found"}', /got a JSON file/],
    ["bom.pth", "\ufeff<html>", /got an HTML page/],
    ["comment.pth", "<!-- moved -->\n<HTML>", /got an HTML page/],
    ["s3.pth", '<?xml version="1.0"?><Error>', /got an XML file \(a download that failed\?\)/],
    ["net.pth", latin1([8, 8, 0x12, 7], "pytorch", [0x1a, 3], "2.3"), /got an ONNX file/],
    ["zeros.safetensors", Buffer.alloc(5000), /got zeros from its first byte on/],
    [
      "cut.safetensors",
      latin1([0x40, 0x42, 0x0f, 0, 0, 0, 0, 0], '{"a":'),
      /cut off: its header alone takes 1000008 bytes, and it has 13/,
    ],
  ])("%s", async (name, bytes, what) => {
    await expect(openWeightsFile(put(name, bytes))).rejects.toThrow(what);
  });

  it("old pickles of all kinds are still read", async () => {
    for (const [name, text] of [
      ["a.pkl", "(dp0\nS'a'\np1\nI1\ns."],
      ["b.pkl", "}q\x00U\x01aK\x01s."],
      ["c.pkl", "ccollections\nOrderedDict\np0\n(tRp1\n."],
    ] as const) {
      const file = await openWeightsFile(put(name, Buffer.from(text, "latin1")));
      expect(file.format).toBe("a pickle");
      file.close();
    }
  });

  it("a pipe is not waited for, nor a link that leads nowhere", async () => {
    execFileSync("mkfifo", [at("pipe.pth")]);
    await expect(openWeights(at("pipe.pth"))).rejects.toThrow(/got no file/);
    symlinkSync("round.pth", at("round.pth"));
    await expect(openWeights(at("round.pth"))).rejects.toThrow(UserError);
    mkdirSync(at("piped"));
    execFileSync("mkfifo", [at("piped", "config.json"), at("piped", "README.md")]);
    writeFileSync(at("piped", "model.safetensors"), "<html>");
    await expect(openWeights(at("piped"))).rejects.toThrow(/got an HTML page/);
  });

  it.each<[what: string, names: readonly string[], words: RegExp]>([
    ["nothing", [], /got an empty folder/],
    ["pictures", ["a.jpg", "b.jpg", "c.jpg", "d.jpg"], /no such file among 4 \(a\.jpg, b\.jpg, c\.jpg, …\)/],
    ["several", ["b.pth", "a.pth"], /got 2 of them \(a\.pth, b\.pth\); name one/],
    ["runs", ["answer.html", "simclr-0/run.json"], /a folder of runs; name one of them, such as .*simclr-0/],
    [
      "an export",
      ["model.onnx", "README.md"],
      /model\.onnx, whose weights have lost their names; give what it was exported/,
    ],
  ])("a folder of %s", async (what, names, words) => {
    mkdirSync(at(what));
    for (const name of names) {
      if (name.includes("/")) mkdirSync(at(what, name.split("/")[0]!));
      writeFileSync(at(what, name), "");
    }
    await expect(openWeights(at(what))).rejects.toThrow(words);
  });
});

describe("an index of files", () => {
  it("is not read where it is larger than any, and names no more files than can be open", async () => {
    const large = put("large.index.json", '{"weight_map":{}}');
    truncateSync(large, 5e9);
    await expect(openWeightsFile(large)).rejects.toThrow(/got one of 5000000000 bytes/);
    const map = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`t${i}`, `f${i}.safetensors`]));
    const many = put("many.index.json", JSON.stringify({ weight_map: map }));
    await expect(openWeightsFile(many)).rejects.toThrow(/got one of 600 files, where 512 are the most/);
  });
});

describe("pickles that make much of little", () => {
  const million = latin1("\x80\x02(", "N".repeat(1_000_000), "lq\x000");
  const times = (count: number, code: string) => code.repeat(count);

  it.each<[what: string, bytes: Buffer]>([
    [
      "a list copied again and again",
      latin1([...million], "c__builtin__\nlist\nq\x010]q\x02", times(20_000, "h\x01h\x00\x85Ra"), "."),
    ],
    ["a set of it", latin1([...million], "c__builtin__\nset\nq\x010]q\x02", times(20_000, "h\x01h\x00\x85Ra"), ".")],
    [
      "a dict",
      latin1(
        "\x80\x02}(",
        Array.from({ length: 100_000 }, (_, i) => [0x4a, ...int32(i), 0x4e]).flat(),
        "uq\x000ccollections\nOrderedDict\nq\x010]q\x02",
        times(20_000, "h\x01h\x00\x85Ra"),
        ".",
      ),
    ],
    [
      "a text encoded again and again",
      latin1(
        ...["\x80\x02X", int32(1_000_000), "x".repeat(1_000_000), "q\x00X", int32(6), "latin1q\x01"],
        ...["c_codecs\nencode\nq\x02]q\x03", times(20_000, "h\x02h\x00h\x01\x86Ra"), "."],
      ),
    ],
  ])("%s is refused", async (_, bytes) => {
    await expect(openWeightsFile(put("x.pkl", bytes))).rejects.toThrow(/a pickle that says each thing once/);
  });

  it("a tensor of a tensor of a tensor of …, and a device of a million parts, end", async () => {
    const fromType = "ctorch._tensor\n_rebuild_from_type_v2\nq\x000";
    const deep = latin1("\x80\x02", fromType, ")q\x010", times(200_000, "h\x00Nh\x01\x87q\x010"), "h\x00h\x01R.");
    const parts = latin1(
      "\x80\x02(",
      "K\x07".repeat(1_000_000),
      "tq\x000ctorch\ndevice\nq\x010]",
      times(3000, "h\x01h\x00Ra"),
      ".",
    );
    for (const bytes of [deep, parts]) {
      const file = await openWeightsFile(put("x.pkl", bytes));
      expect(file.entries).toEqual([]);
      file.close();
    }
  });
});

it("what was saved side by side is told by its places", async () => {
  const file = await openWeightsFile(put("x.pkl", latin1("\x80\x02U\x01x}U\x01aK\x01s\x86.")));
  expect(file.parts.map(({ key, what }) => [key, what])).toEqual([
    ["0", "x"],
    ["1", "dict"],
  ]);
  expect(file.metadata).toEqual({ 0: "x", 1: { a: 1 } });
  file.close();
});
