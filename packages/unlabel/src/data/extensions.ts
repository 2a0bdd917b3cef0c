// What files are taken for by their names: images, other pictures with the command that turns them into images, and the rest.

/** What is taken for an image by its name; how it is decoded, its content decides. */
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set([
  ".jpg",
  ".jpeg",
  ".jpe",
  ".jfif",
  ".png",
  ".webp",
  ".gif",
  ".tif",
  ".tiff",
  ".avif",
  ".bmp",
  ".ppm",
  ".pgm",
  ".pnm",
  ".pbm",
  ".npy",
]);

const CAMERA = "a camera's raw file; convert: darktable-cli IN OUT.jpg";
const VIDEO = "video; its frames: ffmpeg -i IN -vf fps=1 %06d.jpg";
const SELF = "give such a file itself as DATA";
const UNPACK = "unpack it";
const ARRAYS = "if it holds images, save each as .npy";
const VOLUME = "a volume; save its slices as .npy or .tif";

/** What to do with files that hold pictures, or may, and are not read. */
const ADVICE: Readonly<Record<string, string>> = {
  ".heic": "convert: heif-convert IN OUT.jpg, or mogrify -format jpg *.heic",
  ".heif": "convert: heif-convert IN OUT.jpg, or mogrify -format jpg *.heif",
  ".hif": "convert: heif-convert IN OUT.jpg",
  ".jxl": "convert: djxl IN OUT.png",
  ".jp2": "convert: opj_decompress -i IN -o OUT.png",
  ".j2k": "convert: opj_decompress -i IN -o OUT.png",
  ".jpx": "convert: opj_decompress -i IN -o OUT.png",
  ".jxr": "convert: JxrDecApp -i IN -o OUT.tif",
  ".dcm": "convert: dcm2img IN OUT.png, or save pixel_array of pydicom as .npy",
  ".dicom": "convert: dcm2img IN OUT.png, or save pixel_array of pydicom as .npy",
  ".ima": "convert: dcm2img IN OUT.png, or save pixel_array of pydicom as .npy",
  ".psd": "convert: magick 'IN[0]' OUT.png",
  ".xcf": "convert: magick IN OUT.png",
  ".tga": "convert: mogrify -format png *.tga",
  ".ico": "convert: magick IN OUT.png",
  ".pcx": "convert: mogrify -format png *.pcx",
  ".ras": "convert: mogrify -format png *.ras",
  ".pam": "convert: magick IN OUT.png",
  ".exr": "convert: oiiotool IN -o OUT.tif",
  ".hdr": "convert: oiiotool IN -o OUT.tif",
  ".pfm": "convert: oiiotool IN -o OUT.tif",
  ".svg": "drawings have no pixels; convert: rsvg-convert IN -o OUT.png",
  ".svgz": "drawings have no pixels; convert: rsvg-convert IN -o OUT.png",
  ".eps": "convert: magick -density 150 IN OUT.png",
  ".pdf": "convert: pdftoppm -png IN OUT",
  ".fits": "save its data as .npy or .tif",
  ".fit": "save its data as .npy or .tif",
  ".nii": VOLUME,
  ".mha": VOLUME,
  ".nrrd": VOLUME,
  ".czi": "convert: bfconvert IN OUT.tif",
  ".lif": "convert: bfconvert IN OUT_%s.tif",
  ".nd2": "convert: bfconvert IN OUT_%s.tif",
  ".svs": "a slide; convert: vips tiffsave IN OUT.tif, or cut it into tiles: vips dzsave IN OUT",
  ".ndpi": "a slide; cut it into tiles: vips dzsave IN OUT",
  ".npz": "several arrays; save each as .npy",
  ".pt": ARRAYS,
  ".pth": ARRAYS,
  ".pkl": ARRAYS,
  ".mat": ARRAYS,
  ".h5": ARRAYS,
  ".hdf5": ARRAYS,
  ".tfrecord": "write its images as files, or as .tar or .parquet",
  ".lmdb": "write its images as files, or as .tar or .parquet",
  ".rec": "write its images as files, or as .tar or .parquet",
  ".arrow": "write its images as files, or as .tar or .parquet",
  ".tar": SELF,
  ".parquet": SELF,
  ".zip": UNPACK,
  ".gz": UNPACK,
  ".tgz": UNPACK,
  ".bz2": UNPACK,
  ".xz": UNPACK,
  ".zst": UNPACK,
  ".7z": UNPACK,
  ".rar": UNPACK,
  ...Object.fromEntries(
    [".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw", ".raw"].map((one) => [
      one,
      CAMERA,
    ]),
  ),
  ...Object.fromEntries(
    [".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp"].map((one) => [
      one,
      VIDEO,
    ]),
  ),
};

/** How files of a kind become images; undefined where they are none. */
export function adviceFor(extension: string): string | undefined {
  return Object.hasOwn(ADVICE, extension) ? ADVICE[extension] : undefined;
}

/** The format that a file begins with, by the ending that such a file should have; null where it is none that is read. */
export function imageStart(head: Uint8Array): string | null {
  const text = Buffer.from(head).toString("latin1");
  if (text.startsWith("\xff\xd8\xff")) return ".jpg";
  if (text.startsWith("\x89PNG\r\n")) return ".png";
  if (text.startsWith("GIF8")) return ".gif";
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return ".webp";
  if (/^(II[*+]\0|MM\0[*+])/.test(text)) return ".tif";
  if (text.slice(4, 12) === "ftypavif") return ".avif";
  // The length of the header that follows; "BM" alone begins many a text.
  if (text.startsWith("BM") && [12, 40, 108, 124].includes(head[14] ?? 0) && head[15] === 0) return ".bmp";
  return null;
}
