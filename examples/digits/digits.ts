// Digits of 8×8 pixels, drawn from a 3×5 font: in every place, of uneven strength, on noise. A stand-in for MNIST
// that needs no download.
import { manualSeed, randn, scope, type Tensor, tensor } from "@unlabel/torch";

// Each digit's five rows from the top, three pixels a row.
const font = [
  "111101101101111",
  "010110010010111",
  "111001111100111",
  "111001111001111",
  "101101111001001",
  "111100111001111",
  "111100111101111",
  "111001010010010",
  "111101111101111",
  "111101111001111",
];

/** `count` digits: images `[count, 1, 8, 8]` of values around 0 to 1, and labels `[count]`. */
export function digits(count: number): { images: Tensor; labels: Tensor } {
  manualSeed(0);
  const pixels = new Float32Array(count * 64);
  const labels = Array.from({ length: count }, (_, i) => i % 10);
  for (const [i, label] of labels.entries()) {
    const [left, top] = [Math.floor(i / 10) % 6, Math.floor(i / 60) % 4];
    for (let p = 0; p < 15; p++) {
      if (font[label]![p] === "1") pixels[i * 64 + (top + Math.floor(p / 3)) * 8 + left + (p % 3)] = 0.7 + (i % 7) / 20;
    }
  }
  return scope(() => ({
    images: randn([count, 1, 8, 8])
      .mul(0.1)
      .add(tensor(pixels).reshape([count, 1, 8, 8])),
    labels: tensor(labels, { dtype: "int64" }),
  }));
}
