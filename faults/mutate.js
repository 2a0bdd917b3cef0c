const NUMBERS = [
  "-1",
  "0",
  "1e999",
  "-1e999",
  "NaN",
  "null",
  "4294967295",
  "9007199254740993",
  "1e-400",
  "0.5",
  '"7"',
  "[]",
  "{}",
];
const WORDS = {
  json: [
    "null",
    "[]",
    "{}",
    '"__proto__":1,',
    '"constructor":{},',
    "\\u0000",
    '"',
    "[[[[[[[[",
    '{"a":',
    "true",
    "\ufeff",
    "<img src=x onerror=1>",
  ],
  yaml: [
    "&a ",
    "*a",
    "<<: *a",
    "!!js/function 'x'",
    "? ",
    "- ",
    "|\n",
    ">\n",
    "%YAML 9.9\n",
    "---\n",
    "!!binary ",
    "{",
    "[",
    ": ",
    "\t",
    "&a [*a,*a]",
  ],
  // Opcodes, sizes at the edge, and calls that must not be made.
  pickle: [
    ".",
    "(",
    "t",
    "R",
    "]",
    "}",
    "b",
    "Q",
    "\x81",
    "\x92",
    "\x93",
    "\x95",
    "X\xff\xff\xff\xff",
    "\x8b\xff\xff\xff\x7f",
    "\x8d\xff\xff\xff\xff\xff\xff\xff\x7f",
    "cos\nsystem\n(U\x17touch unlabel-was-heretR",
    "cbuiltins\neval\n(U\x011tR",
    "cargparse\nNamespace\n)\x81",
  ],
  path: ["../", "/etc/passwd", "..\\", "C:\\", "\0", "//", "./"],
};
const EDGES = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  0x7fffffffffffffffn,
  0xffffffffffffffffn,
];
/** A file that may be no longer what it was: one to eight changes, of which `words` says what text it holds. */
export function mutate(seed, random, words) {
  let bytes = Buffer.from(seed);
  const vocabulary = words.flatMap((kind) => WORDS[kind] ?? []);
  for (let changes = random(1, random(1, 8)); changes > 0; changes--) bytes = change(bytes, random, vocabulary);
  return bytes;
}
function change(bytes, random, words) {
  const at = random(0, bytes.length);
  const length = Math.min(bytes.length - at, random(0, random(0, 1) ? 8 : bytes.length));
  const insert = (text, instead = 0) => Buffer.concat([bytes.subarray(0, at), text, bytes.subarray(at + instead)]);
  switch (random(0, 9)) {
    case 0:
      if (at < bytes.length) bytes[at] ^= 1 << random(0, 7);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random(0, 255);
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return insert(Buffer.alloc(0), length);
    case 4:
      // Repeats at most double a file each time: large ones are the watchdog's to find, not the disk's.
      return bytes.length > 1 << 20 ? bytes : insert(Buffer.from(bytes.subarray(at, at + length)));
    case 5:
      return insert(Buffer.from(Array.from({ length: random(1, 16) }, () => random(0, 255))), random(0, 1) ? 16 : 0);
    case 6:
      return insert(bytesOf(words.length > 0 ? words[random(0, words.length - 1)] : "\0"), random(0, 4));
    case 7:
      return edge(bytes, at, random);
    default:
      return number(bytes, at, random);
  }
}
/** A word's bytes: those of a pickle are no text. */
function bytesOf(word) {
  return Buffer.from(word, [...word].some((char) => char > "\x7f" && char <= "\xff") ? "latin1" : "utf8");
}
/** A binary number at the edge of what its bytes hold. */
function edge(bytes, at, random) {
  const size = [1, 2, 4, 8][random(0, 3)];
  if (at + size > bytes.length) return bytes;
  const value = BigInt.asUintN(8 * size, EDGES[random(0, EDGES.length - 1)]);
  const little = random(0, 1) === 1;
  for (let i = 0; i < size; i++) bytes[at + i] = Number((value >> BigInt(8 * (little ? i : size - 1 - i))) & 0xffn);
  return bytes;
}
/** The next number of a text as another one. */
function number(bytes, at, random) {
  const text = bytes.toString("latin1");
  const found = /\d+(\.\d+)?/.exec(text.slice(at, at + 200));
  if (!found) return bytes;
  const start = at + found.index;
  const other = NUMBERS[random(0, NUMBERS.length - 1)];
  return Buffer.from(text.slice(0, start) + other + text.slice(start + found[0].length), "latin1");
}
//# sourceMappingURL=mutate.js.map
