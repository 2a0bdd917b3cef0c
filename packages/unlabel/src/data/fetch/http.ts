// HTTP with patience: what may pass (a cut line, a busy server) is tried again, after longer and longer waits; what will not
// pass is one clear line.
import { setTimeout } from "node:timers/promises";
import { UserError } from "../../base/errors.ts";

/** Something that may be over the next time. */
export class TransientError extends Error {}

/** A server from which nothing comes at all. It is asked once more, not as often as one that is busy. */
export class SilentError extends TransientError {}

export interface Patience {
  /** How often it is tried before giving up. Default 6. */
  attempts?: number;
  /** Milliseconds before the second attempt; each further wait is twice as long. Default 500. */
  wait?: number;
  /** Milliseconds without a byte after which a line is cut. Default 15,000. */
  silence?: number;
  /** Told before each further attempt, in a line. By default stderr is. */
  onRetry?: (line: string) => void;
  signal?: AbortSignal;
}

/** For a part of a file, from asking to its last byte. */
const ANSWER_MS = 60_000;
/** See {@link Patience.silence}. */
export const SILENCE_MS = 15_000;

/**
 * Tries again what fails for reasons that may pass.
 *
 * @throws {UserError} after the last attempt, naming `what`
 */
export async function retry<T>(what: string, attempt: () => Promise<T>, patience: Patience = {}): Promise<T> {
  const { attempts = 6, wait = 500, signal, onRetry = (line) => process.stderr.write(`${line}\n`) } = patience;
  let silent = 0;
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isTransient(error)) throw error;
      silent = error instanceof SilentError ? silent + 1 : 0;
      if (tried === attempts || silent === 2) {
        const times = `${tried} ${tried === 1 ? "attempt" : "attempts"}`;
        throw new UserError(`Expected ${what} to be sent, but ${reason(error)} (${times})`, { cause: error });
      }
      const pause = wait * 2 ** (tried - 1);
      onRetry(`${reason(error)}: attempt ${tried + 1} of ${attempts} in ${Math.ceil(pause / 100) / 10} s (${what})`);
      await setTimeout(pause, undefined, { signal });
    }
  }
}

/**
 * One GET; answers with the wrong status are errors.
 *
 * @throws {UserError} where the server says that asking again is of no use
 * @throws {TransientError} where it is busy, or does not answer
 */
export async function ask(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal = AbortSignal.timeout(ANSWER_MS),
  silence: number = SILENCE_MS,
): Promise<Response> {
  const silent = new AbortController();
  const timer = globalThis.setTimeout(() => silent.abort(), silence);
  let answer: Response;
  try {
    answer = await fetch(url, {
      // Bytes are counted and compared: none may be packed on the way.
      headers: { "accept-encoding": "identity", ...headers },
      signal: AbortSignal.any([signal, silent.signal]),
    });
  } catch (error) {
    if (silent.signal.aborted) throw new SilentError(`nothing came for ${silence / 1000} s`);
    if (isLoop(error)) {
      throw new UserError(`Expected ${url} from its server, got redirects without end; check the address`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
  const { status } = answer;
  if (answer.ok || status === 416) return answer;
  await answer.body?.cancel();
  if (status === 429 || status === 408 || status >= 500) throw new TransientError(`the server answers ${status}`);
  const why = {
    401: "it asks who you are",
    403: "it may not be read",
    404: "there is no such file",
    410: "it is gone",
  };
  const meaning = status in why ? ` (${why[status as keyof typeof why]})` : "";
  throw new UserError(`Expected ${url} from its server, got ${status}${meaning}; check the address`);
}

function isLoop(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && /redirect count exceeded/.test(error.cause.message);
}

/** fetch tells of cut and refused lines by a TypeError, of one's own time limit by a DOMException. */
function isTransient(error: unknown): boolean {
  return (
    error instanceof TransientError ||
    error instanceof TypeError ||
    (error instanceof DOMException && error.name === "TimeoutError")
  );
}

function reason(error: unknown): string {
  if (error instanceof DOMException) return `no answer came within ${ANSWER_MS / 1000} s`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ECONNREFUSED") return "the connection is refused";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the server's name is not known";
  if (["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"].includes(code)) return "the line is cut";
  return cause instanceof Error ? cause.message : String(cause);
}
