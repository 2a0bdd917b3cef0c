// Images by formula for the encoders that are exported.
import { Rng } from "../packages/unlabel/src/base/rng.ts";

/** Three bands are photographs of 8 bits, more are of 16. */
export function samples(width: number, height: number, bands: number, seed: number): Uint8Array | Uint16Array {
  const noise = new Rng(seed, "peers");
  const top = bands === 3 ? 255 : 5000;
  const values = Array.from({ length: width * height * bands }, (_, at) => {
    const [x, y] = [Math.floor(at / bands) % width, Math.floor(at / bands / width)];
    const wave = Math.sin((x * (1 + (at % bands))) / (3 + (seed % 7))) * Math.cos(y / (4 + (seed % 5)));
    return Math.floor(top * Math.min(1, Math.max(0, 0.5 + 0.35 * wave + noise.uniform(-0.15, 0.15))));
  });
  return bands === 3 ? Uint8Array.from(values) : Uint16Array.from(values);
}
