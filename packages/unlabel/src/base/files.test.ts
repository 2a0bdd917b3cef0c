import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder, withoutPrivileges } from "../testing/data.ts";
import { UserError } from "./errors.ts";
import { appendLine, HTML, makeFolder, outputFile, temporaryName, writeAtomically } from "./files.ts";

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

describe("outputFile", () => {
  const folder = temporaryFolder();
  afterAll(() => folder[Symbol.dispose]());
  const at = (...names: string[]) => join(folder.path, ...names);
  const given = (path: string) => outputFile("--html", path, HTML);

  it("gives where it will lie, links followed and no folder made, and takes what is there already for replaced", () => {
    expect(given(at("new", "deep", "page.HTML"))).toBe(at("new", "deep", "page.HTML"));
    expect(existsSync(at("new"))).toBe(false);
    writeFileSync(at("page.html"), "old");
    expect(given(at("page.html"))).toBe(at("page.html"));
    symlinkSync(at("page.html"), at("link.html"));
    expect(given(at("link.html"))).toBe(at("page.html"));
    expect(readFileSync(at("page.html"), "utf8")).toBe("old");
  });

  it("refuses names that cannot be meant", () => {
    writeFileSync(at("photo.jpg"), "photo");
    mkdirSync(at("folder.html"));
    symlinkSync(at("photo.jpg"), at("photo.html"));
    symlinkSync(at("nothing.html"), at("dangling.html"));
    symlinkSync(at("round.html"), at("round.html"));
    execFileSync("mkfifo", [at("fifo.html")]);
    mkdirSync(at("run", "checkpoints"), { recursive: true });
    writeFileSync(at("run", "run.json"), "{}");
    writeFileSync(at("run", "checkpoints", "last.safetensors"), "weights");
    for (const [path, message] of [
      [at("photo.jpg"), "Expected a file that ends in .html or .htm for --html, got"],
      [at("page"), "ends in .html or .htm"],
      ["/dev/null", "ends in .html or .htm"],
      [folder.path, /got the folder .*; name a file in it/],
      [at("folder.html"), "got the folder"],
      [`${at("new.html")}/`, "got the folder"],
      [at("photo.html"), /photo.html, a link to .*photo.jpg/],
      [at("dangling.html"), "link to nothing"],
      [at("round.html"), "links that lead to one another (ELOOP)"],
      [at("fifo.html"), "no regular file"],
      [at("photo.jpg", "page.html"), "a file where a folder would have to be (ENOTDIR)"],
      [at(`${"x".repeat(300)}.html`), "a name that is too long (ENAMETOOLONG)"],
    ] as const) {
      expect(() => given(path), path).toThrow(UserError);
      expect(() => given(path), path).toThrow(message);
    }
    const own = at("run", "checkpoints", "last.safetensors");
    expect(() => outputFile("-o", own, [".safetensors"])).toThrow(/among what a run keeps of its own/);
    expect(given(at("run", "report.html"))).toBe(at("run", "report.html"));
  });

  it("refuses a folder or a file that may not be written, before and while writing", async () => {
    for (const [name, mode] of [
      ["closed", 0o555],
      ["open", 0o777],
    ] as const) {
      mkdirSync(at(name));
      chmodSync(at(name), mode);
    }
    chmodSync(folder.path, 0o755);
    writeFileSync(at("open", "kept.html"), "", { mode: 0o444 });
    const closed = at("closed", "deep", "page.html");
    await withoutPrivileges(() => {
      for (const path of [closed, at("open", "kept.html")]) {
        expect(() => given(path)).toThrow(
          /Expected to be able to write .*, got no permission \(EACCES\); allow it, or/,
        );
      }
      expect(() => makeFolder(dirname(closed))).toThrow(/no permission/);
      expect(() => writeAtomically(at("closed", "page.html"), "")).toThrow(/no permission/);
      expect(() => appendLine(at("closed", "log"), "")).toThrow(/no permission/);
    });
  });
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

// Real processes, which need the built dist/, as `npm test` makes it.
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
