import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { UserError } from "./errors.ts";
import { isTemporary, keepAs, makeFolder, temporaryName, writeAtomically, writePieces, writeWhole } from "./files.ts";

describe("makeFolder", () => {
  it("makes what is missing, and minds nothing that is there", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "a", "b", "c");
    makeFolder(path);
    makeFolder(path);
    expect(existsSync(path)).toBe(true);
  });

  it("says where it cannot, rather than trying for ever", () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "file"), "");
    for (const place of [join(folder.path, "file", "run"), "/proc/unlabel/run"]) {
      expect(() => makeFolder(place)).toThrow(UserError);
      expect(() => makeFolder(place)).toThrow(/Expected to be able to write \/.*, got .* \(E[A-Z]+\); allow it/);
    }
  });
});

it("replaces a file as a whole, and leaves nothing beside it", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "run.json");
  writeAtomically(path, "1");
  writeAtomically(path, "2");
  expect(readFileSync(path, "utf8")).toBe("2");
  expect(existsSync(`${path}.tmp`)).toBe(false);
});

it("writes through no name but its own", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "page.html");
  writeFileSync(`${path}.tmp`, "another's");
  symlinkSync(`${path}.tmp`, `${path}.unlabel.tmp`);
  writeAtomically(path, "page");
  expect(readdirSync(folder.path)).toEqual(["page.html", "page.html.tmp", "page.html.unlabel.tmp"]);
  expect(readFileSync(`${path}.tmp`, "utf8")).toBe("another's");
  mkdirSync(join(folder.path, "folder"));
  expect(() => writeAtomically(join(folder.path, "folder"), "")).toThrow("a folder of that name (EISDIR)");
});

it("removes what writers left that are gone or began an hour ago, and nothing that may still be written or is another's", () => {
  using folder = temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  const mine = temporaryName(at("a.json"));
  const own = new RegExp(`-${process.pid}-`);
  // A process that has ended.
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  const elsewhere = (name: string) => name.replace(/\.[0-9a-f]{8}-/, ".01234567-");
  const files: [name: string, minutes: number, stays: boolean][] = [
    [mine, 50, true],
    [temporaryName(at("b.json")), 70, false],
    [temporaryName(at("c.json")).replace(own, `-${gone}-`), 0, false],
    [elsewhere(temporaryName(at("d.json")).replace(own, `-${gone}-`)), 50, true],
    [elsewhere(temporaryName(at("e.json"))), 70, false],
    [at("f.json.unlabel.tmp"), 70, false],
    [at("g.json.unlabel.tmp"), 50, true],
    // As the engine names them.
    [at(`h.safetensors.${gone}-0123456789ab.unlabel.tmp`), 50, true],
    [at(`i.safetensors.${gone}-0123456789ab.unlabel.tmp`), 70, false],
    [at("old.tmp"), 1000, true],
    [at("unlabel.tmp.json"), 1000, true],
  ];
  for (const [path, minutes] of files) {
    writeFileSync(path, "half");
    const when = new Date(Date.now() - 60_000 * minutes);
    utimesSync(path, when, when);
  }
  writeAtomically(at("a.json"), "{}");
  const stay = files.flatMap(([path, , stays]) => (stays ? [path] : []));
  expect(readdirSync(folder.path).map(at).sort()).toEqual([at("a.json"), ...stay].sort());
});

it("writes bit by bit as it does at once, and leaves nothing where that fails", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "rows");
  writeWhole(path, (file) => {
    for (const row of ["a", "b"]) writeSync(file, row);
  });
  const half = (file: number) => {
    writeSync(file, "half");
    throw new Error("no more rows");
  };
  expect(() => writeWhole(path, half)).toThrow("no more rows");
  expect(readFileSync(path, "utf8")).toBe("ab");
  expect(readdirSync(folder.path)).toEqual(["rows"]);
});

// Real processes from here on, which need the built dist/, as `npm test` makes it.
it("writes arrays in pieces, whatever their lengths", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "pieces");
  const arrays = [0, 1, 7, 8, 100].map((length) => Uint8Array.from({ length }, (_, i) => i));
  writeWhole(path, (file) => writePieces(file, arrays, 8));
  expect(readFileSync(path).equals(Buffer.concat(arrays))).toBe(true);
});

it("keeps no part of a copy that found no room", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "a");
  writeFileSync(path, "content");
  // A folder of that name takes no file's place, as a full disk takes no copy.
  mkdirSync(join(folder.path, "b", "c"), { recursive: true });
  expect(() => keepAs(path, join(folder.path, "b"))).toThrow();
  expect(readdirSync(folder.path).toSorted()).toEqual(["a", "b"]);
});

it("sweeps what a killed writer of safetensors leaves", () => {
  using folder = temporaryFolder();
  // Killed when all is written and nothing yet in its place.
  const script = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    import { saveSafetensors, zeros } from "@unlabel/torch";
    fs.renameSync = () => process.kill(process.pid, "SIGKILL");
    syncBuiltinESMExports();
    saveSafetensors(process.argv[1], { x: zeros([100]) });`;
  const path = join(folder.path, "weights.safetensors");
  const options = { cwd: import.meta.dirname, encoding: "utf8" } as const;
  const { signal, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script, path], options);
  expect([signal, stderr]).toEqual(["SIGKILL", ""]);
  const [left, ...others] = readdirSync(folder.path);
  expect(others).toEqual([]);
  expect(isTemporary(left!)).toBe(true);
  const when = new Date(Date.now() - 70 * 60_000);
  utimesSync(join(folder.path, left!), when, when);
  writeAtomically(join(folder.path, "run.json"), "{}");
  expect(readdirSync(folder.path)).toEqual(["run.json"]);
});

it("is written by several processes at once: each content whole, none of them stopped", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "one");
  const script = `
    import { readFileSync } from "node:fs";
    import { writeAtomically } from ${JSON.stringify(join(import.meta.dirname, "..", "..", "dist", "base", "files.js"))};
    const [path, letter] = process.argv.slice(1);
    for (let i = 0; i < 100; i++) {
      writeAtomically(path, letter.repeat(100_000));
      const found = readFileSync(path, "utf8");
      if (found !== found[0].repeat(100_000)) throw new Error("half a file");
    }`;
  const ends = ["a", "b", "c"].map(async (letter) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, path, letter]);
    let told = "";
    child.stderr.on("data", (chunk) => {
      told += chunk;
    });
    const [code] = await once(child, "close");
    return { code, told };
  });
  expect(await Promise.all(ends)).toEqual([0, 0, 0].map((code) => ({ code, told: "" })));
  expect(readdirSync(folder.path)).toEqual(["one"]);
});
