// Commands that people are to copy, written so that a shell reads them as they were meant.

/** A word as a POSIX shell takes it: quoted only where it must be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
