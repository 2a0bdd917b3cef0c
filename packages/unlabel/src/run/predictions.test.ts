import { describe, expect, it } from "vitest";
import { countParts, decodeClasses, decodePredictions, digestOf, encodeClasses } from "./predictions.ts";

describe("predictions in a file", () => {
  it.each([2, 5, 256, 257, 1000, 65_536])("come back, of %i classes", (classes) => {
    const values = Uint16Array.from({ length: 301 }, (_, n) => (n * 7919) % classes);
    values[300] = classes - 1;
    const text = encodeClasses(values, classes);
    expect(decodeClasses(text, classes, 301)).toEqual(values);
    expect(text.length).toBeLessThanOrEqual(Math.ceil(((classes > 256 ? 2 : 1) * 301) / 3) * 4);
    expect(decodeClasses(text, classes, 300)).toBeNull();
    expect(decodeClasses(text, classes - 1, 301)).toBeNull();
    expect(decodeClasses(`${text}!`, classes, 301)).toBeNull();
  });

  it("are all read or none", () => {
    const [labels, trained] = [encodeClasses([0, 1, 2], 3), encodeClasses([2, 1, 0], 3)];
    expect(decodePredictions({ labels, trained, untrained: null }, 3, 3)).toEqual({
      labels: Uint16Array.of(0, 1, 2),
      trained: Uint16Array.of(2, 1, 0),
    });
    expect(decodePredictions({ labels, trained, pixels: encodeClasses([0, 1], 3) }, 3, 3)).toBeNull();
    expect(decodePredictions({ labels: encodeClasses([0, 1, 3], 4), trained }, 3, 3)).toBeNull();
  });

  it("say which images are tiles of one file", () => {
    expect(countParts(Int32Array.of(0, 0, 1, 2, 2, 2))).toEqual([2, 1, 3]);
    const labels = encodeClasses([0, 1, 1], 2);
    expect(decodePredictions({ labels, files: [2, 1] }, 2, 3)!.files).toEqual(Uint32Array.of(0, 0, 1));
    expect(decodePredictions({ labels, files: [2, 2] }, 2, 3)).toBeNull();
  });

  it("are of the same images where names and classes are the same, in their order", () => {
    const images = [
      { path: "val/a/1.jpg", class: "a" },
      { path: "val/b/2.jpg", class: "b" },
    ];
    expect(digestOf(images)).toBe(digestOf(structuredClone(images)));
    expect(digestOf(images)).not.toBe(digestOf(images.toReversed()));
    expect(digestOf(images)).not.toBe(digestOf([{ ...images[0]!, class: "b" }, images[1]!]));
    expect(digestOf(images)).not.toBe(digestOf(images.slice(1)));
  });
});
