import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder, withoutPrivileges } from "../testing/data.ts";
import { UserError } from "./errors.ts";
import { appendLine, makeFolder, writeAtomically } from "./files.ts";
import { HTML, outputFile } from "./output-file.ts";

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
