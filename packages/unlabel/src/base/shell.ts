// Commands that people are to copy, written so that a shell reads them as they were meant.

/** A word as a POSIX shell takes it: quoted only where it must be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command line of unlabel's as this process was called: by `npx` out of a project, or by its name. */
export function commandLine(...words: string[]): string {
  const npx = /[\\/]node_modules[\\/]\.bin[\\/]unlabel$/.test(process.argv[1] ?? "");
  return [npx ? "npx unlabel" : "unlabel", ...words].join(" ");
}
