// Data sets of very many small images, made by script: class folders, or tar shards.
import { closeSync, mkdirSync, openSync, statfsSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { mosaicJpeg } from "./mosaic-jpeg.ts";

export const FORMS = ["folders", "shards"] as const;
export type Form = (typeof FORMS)[number];

const CLASSES = 1000;
const SHARD = 10_000;
/** One image of so many is a copy of the one before it. */
const COPY_OF = 50;
/** What a file takes on most disks; in an archive an image with its class takes less. */
const FILE_BYTES = 4096;

/** The bytes of an image by its number. */
function imageOf(number: number): Buffer {
  return mosaicJpeg(number % COPY_OF === 1 ? number - 1 : number);
}

/** @throws {UserError} where the disk has no room for so many */
export function checkRoom(folder: string, count: number): void {
  const { bavail, bsize, ffree, files } = statfsSync(folder);
  const needed = count * FILE_BYTES * 1.5;
  if (bavail * bsize < needed)
    throw new UserError(
      `Expected ${(needed / 1e9).toFixed(0)} GB free in ${folder} for ${count} images, found ${((bavail * bsize) / 1e9).toFixed(1)}; name another folder with --folder`,
    );
  // File systems without a limit say that they have none at all.
  if (files > 0 && ffree < 1.1 * count)
    throw new UserError(
      `Expected room for ${count} files in ${folder}, found ${ffree} free inodes; name another folder with --folder`,
    );
}

/** Makes `count` images in `root`, which is not there yet. */
export function makeImages(form: Form, root: string, count: number): void {
  mkdirSync(root, { recursive: true });
  if (form === "folders") makeFolders(root, count);
  else makeShards(root, count);
}

const nameOf = (number: number) => String(number).padStart(8, "0");

function makeFolders(root: string, count: number): void {
  for (let i = 0; i < Math.min(count, CLASSES); i++) mkdirSync(join(root, classOf(i)));
  for (let i = 0; i < count; i++) writeFileSync(join(root, classOf(i), `${nameOf(i)}.jpg`), imageOf(i));
}

const classOf = (number: number) => `class-${String(number % CLASSES).padStart(3, "0")}`;

function makeShards(root: string, count: number): void {
  for (let start = 0; start < count; start += SHARD) {
    const file = openSync(join(root, `train-${String(start / SHARD).padStart(6, "0")}.tar`), "w");
    try {
      const members: Buffer[] = [];
      for (let i = start; i < Math.min(count, start + SHARD); i++) {
        const label = Buffer.from(String(i % CLASSES));
        members.push(...member(`${nameOf(i)}.jpg`, imageOf(i)), ...member(`${nameOf(i)}.cls`, label));
      }
      writeSync(file, Buffer.concat([...members, Buffer.alloc(1024)]));
    } finally {
      closeSync(file);
    }
  }
}

/** A file of a tar archive: header, content, what fills its last block. */
export function member(name: string, content: Buffer): Buffer[] {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("        0", 148);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return [header, content, Buffer.alloc(-content.length & 511)];
}
