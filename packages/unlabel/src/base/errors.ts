// Errors that are the user's to mend: one clear line, no stack. Everything else is a defect and keeps its stack.

/** Something the user can mend (a folder, a file, a setting); the command line prints the message alone and exits with `exitCode`. */
export class UserError extends Error {
  override name = "UserError";
  /** What the command line exits with. */
  readonly exitCode: number = 1;
}

/** The command itself was wrong (an unknown flag, a bad value): exit code 2. */
export class UsageError extends UserError {
  override name = "UsageError";
  override readonly exitCode = 2;
}

/** Ctrl-C or SIGTERM came before there was anything to save: exit code 130. */
export class InterruptedError extends UserError {
  override name = "InterruptedError";
  override readonly exitCode = 130;
}

const ALIKE = new WeakSet<Error>();

/** Marks an error that all of several ranks have, each in the same words, so that one of them says it. */
export function alike<E extends Error>(error: E): E {
  ALIKE.add(error);
  return error;
}

/** Whether all ranks have it. */
export function isAlike(error: unknown): boolean {
  return error instanceof Error && ALIKE.has(error);
}
