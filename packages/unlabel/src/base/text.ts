// Text from strangers (names of files and classes) on its way to a terminal.

/** Control characters as escapes (`\\x1b`), so that a file's name can neither colour a terminal nor break a line. */
export function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** `1 step`, `2 steps`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
