// What a search is: a picture's features by the exported encoder, and the rows of the index that they are most alike. Knows no page.
import * as ort from "./runtime/ort.wasm.min.mjs";

// One thread: more would need headers of the server (cross-origin isolation), and a folder has none.
ort.env.wasm.numThreads = 1;

/** The most that a picture's short side is given to the graph, in what the encoder sees: beyond, memory is spent on nothing. */
const MOST = 4;

/** Loads encoder and index, from beside this page alone. */
export async function loadSearch() {
  const [index, features] = await Promise.all([
    fetched("index.json").then((response) => response.json()),
    fetched("features.bin").then((response) => response.arrayBuffer()),
  ]);
  const session = await ort.InferenceSession.create(await (await fetched(index.model)).arrayBuffer());
  const rows = new Int8Array(features);
  const lengths = Float32Array.from(index.names, (_, i) => Math.sqrt(dot(row(i), row(i))));

  function row(i) {
    return rows.subarray(i * index.dim, (i + 1) * index.dim);
  }

  /** Nearest first, with cosines. */
  function nearest(query, k) {
    const length = Math.sqrt(dot(query, query));
    return index.names
      .map((name, at) => ({ at, name, similarity: dot(row(at), query) / (lengths[at] * length || 1) }))
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, k);
  }

  /** @param picture a blob of any format that the browser reads */
  async function featuresOf(picture) {
    const images = await pixels(picture, MOST * index.size);
    const found = await session.run({ images });
    images.dispose();
    return found.features.data;
  }
  return { index, nearest, featuresOf, row };
}

async function fetched(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
  return response;
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Red, green and blue of an upright picture on white, `[1, H, W, 3]`. */
async function pixels(picture, most) {
  const bitmap = await createImageBitmap(picture);
  const scale = Math.min(1, most / Math.min(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(scale * side)));
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    for (let c = 0; c < 3; c++) rgb[to++] = data[from + c];
  }
  return new ort.Tensor("uint8", rgb, [1, height, width, 3]);
}
