// A run from a stranger: what its files name is shown only where it lies in the run and is a picture of the kind that we write.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { writeRun } from "../testing/run-fixture.ts";
import { writeReport } from "./report.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const at = (...names: string[]) => join(folder.path, ...names);

/** Pictures of the machine that are no business of a report. */
beforeAll(async () => {
  await writeRun(at("honest"), { method: "mae", steps: 5, pictures: 2, knn: 0.4 });
  const pixels = Buffer.from(Array.from({ length: 40 * 40 * 3 }, (_, i) => (i * 7919) % 251));
  const image = sharp(pixels, { raw: { width: 40, height: 40, channels: 3 } });
  await image.clone().png().toFile(at("secret.png"));
  await image.clone().jpeg().toFile(at("secret.jpg"));
  writeFileSync(
    at("secret.svg"),
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
  );
});

/** A copy of the run, changed, and the page about it. */
async function pageOf(name: string, change: (run: string) => void) {
  const run = at(name);
  cpSync(at("honest"), run, { recursive: true });
  change(run);
  const { path } = await writeReport([run], at(`${name}.html`));
  return readFileSync(path, "utf8");
}

const pictures = (page: string) => page.match(/<img src="data:/g)?.length ?? 0;

it("shows the pictures of an honest run", async () => {
  const page = await pageOf("copy", () => {});
  expect(pictures(page)).toBe(6);
  expect(page).not.toContain("ould not be read");
});

describe("MAE's pictures", () => {
  const named: [string, (run: string) => string][] = [
    ["a way up", () => "../../secret.png"],
    ["a place on the machine", () => at("secret.png")],
    ["a folder and back", () => "../pictures/../../secret.png"],
    ["itself", () => "."],
    ["its folder", () => ".."],
    ["nothing", () => ""],
    ["a file that the system knows", () => "/proc/self/environ"],
    ["a byte that ends names", () => "0.png\u0000"],
    [
      "a link",
      (run) => {
        symlinkSync(at("secret.png"), join(run, "pictures", "link.png"));
        return "link.png";
      },
    ],
    [
      "a pipe",
      (run) => {
        execFileSync("mkfifo", [join(run, "pictures", "pipe.png")]);
        return "pipe.png";
      },
    ],
    [
      "another kind of picture",
      (run) => {
        cpSync(at("secret.svg"), join(run, "pictures", "drawn.png"));
        return "drawn.png";
      },
    ],
  ];

  it.each(named)("are left out where they are %s", async (name, make) => {
    const page = await pageOf(`mae-${name}`, (run) => {
      const file = join(run, "pictures", "mae.json");
      const content = JSON.parse(readFileSync(file, "utf8")) as { items: Record<string, string>[] };
      content.items[0]!.masked = make(run);
      writeFileSync(file, JSON.stringify(content));
    });
    expect(pictures(page)).toBe(3);
    expect(page).toMatch(/Could not be read: /);
  });

  it("are left out where their folder is a link to another", async () => {
    const page = await pageOf("mae-folder", (run) => {
      renameSync(join(run, "pictures"), at("elsewhere"));
      symlinkSync(at("elsewhere"), join(run, "pictures"));
    });
    expect(pictures(page)).toBe(0);
    expect(page).toMatch(/Could not be read: /);
  });

  it("are shown where the run itself is a link", async () => {
    symlinkSync(at("honest"), at("latest"));
    const { path } = await writeReport([at("latest")], at("latest.html"));
    expect(pictures(readFileSync(path, "utf8"))).toBe(6);
  });
});

describe("the tiles of features", () => {
  const places: [string, (run: string, sprite: string) => void][] = [
    ["a link", (_, sprite) => symlinkSync(at("secret.jpg"), sprite)],
    ["a pipe", (_, sprite) => execFileSync("mkfifo", [sprite])],
    ["a folder", (_, sprite) => mkdirSync(sprite)],
    ["another kind of picture", (_, sprite) => cpSync(at("secret.svg"), sprite)],
    [
      "in a folder that is a link",
      (run, sprite) => {
        cpSync(at("secret.jpg"), sprite);
        renameSync(join(run, "eval"), at("eval-elsewhere"));
        symlinkSync(at("eval-elsewhere"), join(run, "eval"));
      },
    ],
  ];

  it.each(places)("are left out where they are %s", async (name, make) => {
    const page = await pageOf(`sprite-${name}`, (run) => {
      const sprite = join(run, "eval", "pictures.jpg");
      rmSync(sprite);
      make(run, sprite);
    });
    expect(page).toContain("Pictures could not be read");
    expect(page).not.toContain("background-image:url(data:");
  });

  it.each(["..", ".", "../../secret.jpg", "link.jpg"])("are left out where their name is %s", async (name) => {
    const page = await pageOf(`sprite-${encodeURIComponent(name)}`, (run) => {
      symlinkSync(at("secret.jpg"), join(run, "eval", "link.jpg"));
      const file = join(run, "eval", "pictures.json");
      writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), sprite: name }));
    });
    expect(page).toMatch(/Pictures could not be read|it is left out/);
    expect(page).not.toContain("background-image:url(data:");
  });
});
