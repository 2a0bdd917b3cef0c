// HTTP with patience: what may pass (a cut line, a busy server) is tried again, after longer and longer waits; what will not
// pass is one clear line.
import { setTimeout } from "node:timers/promises";
import { UserError } from "../../errors.ts";

/** Something that may be over the next time. */
export class TransientError extends Error {}

export interface Patience {
  /** How often it is tried before giving up. Default 6. */
  attempts?: number;
  /** Milliseconds before the second attempt; each further wait is twice as long. Default 500. */
  wait?: number;
  signal?: AbortSignal;
}

/** For a part of a file, from asking to its last byte. */
const ANSWER_MS = 60_000;

/**
 * Tries again what fails for reasons that may pass.
 *
 * @throws {UserError} after the last attempt, naming `what`
 */
export async function retry<T>(what: string, attempt: () => Promise<T>, patience: Patience = {}): Promise<T> {
  const { attempts = 6, wait = 500, signal } = patience;
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isTransient(error)) throw error;
      if (tried === attempts) {
        throw new UserError(`Expected ${what} to be sent, but ${reason(error)} (${attempts} attempts)`, {
          cause: error,
        });
      }
      await setTimeout(wait * 2 ** (tried - 1), undefined, { signal });
    }
  }
}

/**
 * One GET; answers with the wrong status are errors.
 *
 * @throws {UserError} where the server says that asking again is of no use
 * @throws {TransientError} where it is busy
 */
export async function ask(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal = AbortSignal.timeout(ANSWER_MS),
): Promise<Response> {
  // Bytes are counted and compared: none may be packed on the way.
  const answer = await fetch(url, { headers: { "accept-encoding": "identity", ...headers }, signal });
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
