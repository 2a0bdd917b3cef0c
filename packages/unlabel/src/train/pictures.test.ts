import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zeros } from "@unlabel/torch";
import sharp from "sharp";
import { expect, it } from "vitest";
import { withoutImages } from "../config/channels.ts";
import { openData } from "../data/open.ts";
import type { Method } from "../methods/method.ts";
import { resolveConfig } from "../methods/registry.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { writePictures } from "./pictures.ts";

it("replaces a link in a run and writes nothing through it", async () => {
  using folder = temporaryFolder();
  const [data, run, other] = ["data", "run", "diary.txt"].map((name) => join(folder.path, name)) as [
    string,
    string,
    string,
  ];
  await writeImages(data, ["a.png", "b.png"], 32);
  writeFileSync(other, "dear diary");
  mkdirSync(join(run, "pictures"), { recursive: true });
  const names = ["mae.json", "mae-1-original.png", "mae-2-masked.png"].map((name) => join(run, "pictures", name));
  for (const name of names) symlinkSync(other, name);
  const pixels = () => zeros([2, 3, 32, 32], { dtype: "uint8" });
  const method = {
    eval: () => method,
    train: () => method,
    pictures: () => ({ original: pixels(), masked: pixels(), reconstructed: pixels() }),
  } as unknown as Method;
  const config = withoutImages(resolveConfig({ flags: { method: "mae", size: 32, patch: 8, device: "cpu" } }));
  await writePictures(run, method, config, await openData(data), "cpu");
  expect(readFileSync(other, "utf8")).toBe("dear diary");
  for (const name of names) expect(lstatSync(name).isFile()).toBe(true);
  expect(await sharp(names[1]).metadata()).toMatchObject({ format: "png", width: 32, height: 32 });
});
