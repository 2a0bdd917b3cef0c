// Samples as files store them, to numbers: integers and floats of any width, in either byte order.

/** The type of a file's samples. */
export interface Sample {
  /** Whole numbers with or without a sign, or floating point. */
  kind: "uint" | "int" | "float";
  /** Bits of one, which for whole numbers may be fewer than its bytes hold. */
  bits: number;
}

/** Arrays that samples come as. */
export type Samples =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** "16-bit", "8-bit signed", "32-bit float". */
export function sampleWords({ kind, bits }: Sample): string {
  return `${bits}-bit${kind === "float" ? " float" : kind === "int" ? " signed" : ""}`;
}

/** The least and greatest value of a type; null for floats, which have none that means black or white. */
export function typeRange({ kind, bits }: Sample): readonly [number, number] | null {
  if (kind === "float") return null;
  return kind === "uint" ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

/** Whether samples of that type are read: 1 to 64 bits of whole numbers, floats of 16, 32 or 64. */
export function isKnown({ kind, bits }: Sample): boolean {
  if (kind === "float") return [16, 32, 64].includes(bits);
  if (!Number.isInteger(bits)) return false;
  return (kind === "uint" && bits >= 1 && bits <= 16) || [8, 16, 32, 64].includes(bits);
}

/** Of the machine that this runs on. */
export const HOST_IS_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Bytes of whole samples (of 8, 16, 32 or 64 bits) to numbers; those of 16-bit floats to 32 bits, of 64-bit integers to doubles. */
export function toNumbers(bytes: Uint8Array, { kind, bits }: Sample, little: boolean): Samples {
  const each = bits / 8;
  const count = Math.floor(bytes.length / each);
  const ordered = each > 1 && little !== HOST_IS_LITTLE ? swapped(bytes, each, count) : bytes;
  const isAligned = ordered.byteOffset % each === 0;
  // A Buffer's slice() would be no copy.
  const whole = isAligned ? ordered : new Uint8Array(ordered);
  const at = [whole.buffer, whole.byteOffset, count] as const;
  if (kind === "float") {
    if (bits === 64) return new Float64Array(...at);
    return bits === 32 ? new Float32Array(...at) : halves(new Uint16Array(...at));
  }
  if (bits === 64) {
    const big = kind === "uint" ? new BigUint64Array(...at) : new BigInt64Array(...at);
    return Float64Array.from(big, Number);
  }
  if (kind === "uint") {
    if (bits === 8) return new Uint8Array(...at);
    return bits === 16 ? new Uint16Array(...at) : new Uint32Array(...at);
  }
  if (bits === 8) return new Int8Array(...at);
  return bits === 16 ? new Int16Array(...at) : new Int32Array(...at);
}

function swapped(bytes: Uint8Array, each: number, count: number): Uint8Array {
  const out = new Uint8Array(count * each);
  for (let at = 0; at < out.length; at += each) for (let k = 0; k < each; k++) out[at + k] = bytes[at + each - 1 - k]!;
  return out;
}

let halfTable: Float32Array | undefined;

/** IEEE 754 half precision, by a table of all 65,536. */
function halves(raw: Uint16Array): Float32Array {
  halfTable ??= Float32Array.from({ length: 65_536 }, (_, half) => {
    const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
    const size =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction > 0
            ? Number.NaN
            : Number.POSITIVE_INFINITY
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return half & 0x8000 ? -size : size;
  });
  const table = halfTable;
  return Float32Array.from(raw, (half) => table[half]!);
}

/** Rows of samples packed into bits, the first in the highest, each row beginning at a byte; whole numbers without a sign. */
export function unpackBits(bytes: Uint8Array, bits: number, perRow: number, rows: number): Uint8Array | Uint16Array {
  const out = bits <= 8 ? new Uint8Array(perRow * rows) : new Uint16Array(perRow * rows);
  const stride = Math.ceil((perRow * bits) / 8);
  const mask = 2 ** bits - 1;
  for (let y = 0, to = 0; y < rows; y++) {
    let at = y * stride;
    for (let x = 0, held = 0, have = 0; x < perRow; x++) {
      while (have < bits) {
        held = ((held << 8) | (bytes[at++] ?? 0)) & 0xff_ffff;
        have += 8;
      }
      have -= bits;
      out[to++] = (held >> have) & mask;
    }
  }
  return out;
}
