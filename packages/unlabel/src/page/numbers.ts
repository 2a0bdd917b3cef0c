// Numbers as people read them. A no-break space keeps a number and its unit on one line; a missing number is a dash. Imports nothing:
// pages that run in a browser have it, too.

const NBSP = "\u00a0";
const DASH = "–";

type Maybe = number | null | undefined;

function absent(value: Maybe): value is null | undefined {
  return value === null || value === undefined || !Number.isFinite(value);
}

/** 0.5832 → "58.3 %". */
export function percent(fraction: Maybe, digits = 1): string {
  return absent(fraction) ? DASH : `${(fraction * 100).toFixed(digits)}${NBSP}%`;
}

/** A difference of two fractions in percentage points, with its sign: 0.052 → "+5.2". */
export function points(difference: Maybe): string {
  if (absent(difference)) return DASH;
  const rounded = (Math.abs(difference) * 100).toFixed(1);
  if (Number(rounded) === 0) return "0.0";
  return `${difference < 0 ? "−" : "+"}${rounded}`;
}

/** Whole numbers with thousands separators: 1234567 → "1,234,567". */
export function count(value: Maybe): string {
  return absent(value) ? DASH : Math.round(value).toLocaleString("en-US");
}

/** Three significant digits, with separators, never in exponents between 0.0001 and 10 million: 1234.5 → "1,235". */
export function significant(value: Maybe, digits = 3): string {
  if (absent(value)) return DASH;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e7) {
    return value
      .toExponential(digits - 1)
      .replace(/\.?0*e\+?/, "e")
      .replace("-", "−");
  }
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return value.toLocaleString("en-US", { maximumFractionDigits: decimals }).replace("-", "−");
}

/** 4.2 → "4.2 s", 754 → "12.6 min", 9000 → "2.5 h". */
export function duration(seconds: Maybe): string {
  if (absent(seconds)) return DASH;
  if (seconds < 60) return `${significant(seconds)}${NBSP}s`;
  if (seconds < 5400) return `${significant(seconds / 60)}${NBSP}min`;
  return `${significant(seconds / 3600)}${NBSP}h`;
}

/** Parameters: 11176512 → "11.2 M". */
export function millions(value: Maybe): string {
  if (absent(value)) return DASH;
  return value < 1e5 ? count(value) : `${significant(value / 1e6)}${NBSP}M`;
}

/** Megabytes: 1234 → "1.23 GB", 640 → "640 MB". */
export function megabytes(value: Maybe): string {
  if (absent(value)) return DASH;
  return value < 1000 ? `${count(value)}${NBSP}MB` : `${significant(value / 1000)}${NBSP}GB`;
}

/** "1 image", "2 images", "3 classes". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)}${NBSP}${value === 1 ? one : many}`;
}

/** "a", "a and b", "a, b and c". */
export function list(words: readonly string[]): string {
  const last = words.at(-1);
  return words.length < 2 || last === undefined ? words.join("") : `${words.slice(0, -1).join(", ")} and ${last}`;
}

/** Shortens to `length` characters with an ellipsis in the middle, where the ends tell names apart. */
export function shorten(text: string, length: number): string {
  const letters = [...text];
  if (letters.length <= length) return text;
  const head = Math.ceil((length - 1) * 0.6);
  return `${letters.slice(0, head).join("")}…${letters.slice(letters.length - (length - 1 - head)).join("")}`;
}

/** Steps and other whole numbers where there is little room: 812, 12.4k, 1.5M. */
export function compact(value: Maybe): string {
  if (absent(value)) return DASH;
  if (Math.abs(value) >= 1e9) return `${significant(value / 1e9)}G`;
  if (Math.abs(value) >= 1e6) return `${significant(value / 1e6)}M`;
  return Math.abs(value) >= 1e4 ? `${significant(value / 1e3)}k` : count(value);
}
