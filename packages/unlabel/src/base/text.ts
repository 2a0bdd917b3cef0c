// Text from strangers (names of files and classes) on its way to a terminal.

/**
 * Control characters as escapes (`\\x1b`), so that a file's name can neither colour a terminal nor break a line; and those that turn the
 * direction of reading (`\\u202e`), so that it reads as it is.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (char) => {
    const code = char.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** `1 step`, `2 steps`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Bytes as people say them: `512 bytes`, `3.2 kB`, `45 MB`, `1.2 GB`. */
export function bytesInWords(bytes: number): string {
  if (bytes < 1000) return counted(Math.round(bytes), "byte");
  const [unit, name] = bytes >= 1e9 ? [1e9, "GB"] : bytes >= 1e6 ? [1e6, "MB"] : [1e3, "kB"];
  return `${bytes >= 10 * unit ? Math.round(bytes / unit) : (bytes / unit).toFixed(1)} ${name}`;
}
