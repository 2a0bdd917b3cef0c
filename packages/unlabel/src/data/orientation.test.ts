// EXIF's orientation in whatever whole number a writer took for it, in either byte order, as Pillow reads it.
import { describe, expect, it } from "vitest";
import { sampleImage } from "../testing/data.ts";
import { ImageReader } from "./reader.ts";

/** A JPEG of 30 × 20 pixels with orientation 6 as a value of that type. */
async function turned(type: number, bytes: number, little: boolean): Promise<Buffer> {
  const tiff = Buffer.alloc(8 + 2 + 12 + 4);
  const u16 = (value: number, at: number) => (little ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at));
  const u32 = (value: number, at: number) => (little ? tiff.writeUInt32LE(value, at) : tiff.writeUInt32BE(value, at));
  tiff.write(little ? "II" : "MM", 0, "latin1");
  u16(42, 2);
  u32(8, 4);
  u16(1, 8);
  u16(0x0112, 10);
  u16(type, 12);
  u32(1, 14);
  if (little) tiff.writeUIntLE(6, 18, bytes);
  else tiff.writeUIntBE(6, 18, bytes);
  const body = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), tiff]);
  const head = Buffer.from([0xff, 0xe1, 0, body.length + 2]);
  const jpeg = await sampleImage(30, 20).jpeg().toBuffer();
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}

describe.each([
  ["BYTE", 1, 1],
  ["SHORT", 3, 2],
  ["LONG", 4, 4],
  ["SBYTE", 6, 1],
  ["SSHORT", 8, 2],
  ["SLONG", 9, 4],
])("orientation as %s", (_, type, bytes) => {
  it.each([true, false])("is followed, little-endian %s", async (little) => {
    const { sizes } = await new ImageReader().sizes([await turned(type, bytes, little)]);
    expect(sizes).toEqual([{ width: 20, height: 30 }]);
  });
});

it("orientation as a float is none", async () => {
  const { sizes } = await new ImageReader().sizes([await turned(11, 4, true)]);
  expect(sizes).toEqual([{ width: 30, height: 20 }]);
});
