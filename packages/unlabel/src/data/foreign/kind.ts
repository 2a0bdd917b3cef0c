// What a file is by its first bytes, whatever its name says.

/** Kinds that are told apart: those read here, those that are known and not read, and all that is sharp's. */
export type Kind = "tiff" | "npy" | "bmp" | "pnm" | "jpeg" | "heic" | "jxl" | "jp2" | "dicom" | "exr" | "other";

/** Bytes that {@link kindOf} looks at. */
export const KIND_BYTES = 132;

/** See the head of this file. */
export function kindOf(head: Uint8Array): Kind {
  const text = (from: number, to: number) => String.fromCharCode(...head.subarray(from, to));
  const start = text(0, 4);
  if (["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(start)) return "tiff";
  if (text(0, 6) === "\x93NUMPY") return "npy";
  if (start.startsWith("BM") && head.length >= 26) return "bmp";
  if (/^P[1-6][\s#]/.test(start)) return "pnm";
  if (start.startsWith("\xff\xd8")) return "jpeg";
  if (text(4, 8) === "ftyp") {
    const brand = text(8, 12);
    return /^(heic|heix|heim|heis|hevc|hevx|hevm|hevs|mif1|msf1)$/.test(brand) && !text(16, 48).includes("avif")
      ? "heic"
      : "other";
  }
  if (start.startsWith("\xff\x0a") || text(4, 12) === "JXL \r\n\x87\n") return "jxl";
  if (text(4, 12) === "jP  \r\n\x87\n" || start === "\xff\x4f\xff\x51") return "jp2";
  if (text(128, 132) === "DICM") return "dicom";
  if (start === "\x76\x2f\x31\x01") return "exr";
  return "other";
}

/** Why a kind that is known is not read, and the command that makes of it one that is. */
export const NOT_READ: Partial<Record<Kind, string>> = {
  heic: "it is a HEIC image, which is not read; convert it: heif-convert IN.heic OUT.jpg (macOS: sips -s format jpeg IN.heic --out OUT.jpg)",
  jxl: "it is a JPEG XL image, which is not read; convert it: djxl IN.jxl OUT.png",
  jp2: "it is a JPEG 2000 image, which is not read; convert it: gdal_translate IN.jp2 OUT.tif (or opj_decompress -i IN.jp2 -o OUT.tif)",
  dicom: "it is a DICOM file, which is not read; convert it: dcmj2pnm --write-16-bit-png IN.dcm OUT.png",
  exr: "it is an OpenEXR image, which is not read; convert it: oiiotool IN.exr -d float -o OUT.tif",
};
