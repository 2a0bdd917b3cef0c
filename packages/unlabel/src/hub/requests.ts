// What is asked of the hub: redirects are followed here, since a token must not go to another host, and every refusal becomes one line.
import { UserError } from "../base/errors.ts";
import { type HubReference, isCommit } from "./reference.ts";
import type { HubSettings } from "./settings.ts";

const MOST_REDIRECTS = 10;
/** Of an answer that is read whole. */
const MOST_ANSWER = 1 << 24;
const USER_AGENT = "unlabel";

/** The hub did not answer, or broke off: another try may help. */
export class Unreachable extends UserError {
  override name = "Unreachable";
}

/** A file of a model as the hub lists it. */
export interface HubFile {
  name: string;
  /** In bytes; null where the hub does not say. */
  size: number | null;
  /** SHA-256 of its content, or of small files Git's SHA-1; null where the hub does not say. */
  checksum: string | null;
}

/** What the hub says of a revision. */
export interface HubModel {
  commit: string;
  files: HubFile[];
}

/** An answer, its body still to be read, and what the hub itself said on the way to it. */
export interface Answer {
  response: Response;
  /** Of the content, as the hub has it; null where it was not said. */
  etag: string | null;
  size: number | null;
}

/** Ends a request where no byte comes for a while. */
export class Patience implements Disposable {
  readonly #controller = new AbortController();
  readonly #ms: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.#ms = ms;
    this.again();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something came: it waits anew. */
  again(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), this.#ms);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** Asks, and follows where the hub leads. The token goes to the hub's own address and nowhere else. */
export async function ask(
  settings: HubSettings,
  address: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  let url = new URL(address);
  let [etag, size]: [string | null, number | null] = [null, null];
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const isHub = url.origin === settings.origin;
    const token: Record<string, string> =
      isHub && settings.token !== null ? { authorization: `Bearer ${settings.token}` } : {};
    const response = await answerOf(settings, url, { ...headers, ...token, "user-agent": USER_AGENT }, signal);
    if (isHub) {
      etag = unquoted(response.headers.get("x-linked-etag")) ?? etag ?? unquoted(response.headers.get("etag"));
      size = whole(response.headers.get("x-linked-size")) ?? size;
    }
    const to = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || to === null) return { response, etag, size };
    await response.body?.cancel();
    const next = URL.canParse(to, url.href) ? new URL(to, url) : null;
    if (!next || !["http:", "https:"].includes(next.protocol) || next.username || next.password)
      throw new UserError(`Expected ${settings.host} to lead to an address, got a redirect to none`);
    if (url.protocol === "https:" && next.protocol === "http:")
      throw new UserError(`Expected a redirect of ${url.host} to stay encrypted, got one to http://${next.host}`);
    url = next;
  }
  throw new UserError(`Expected ${settings.host} to answer, got more than ${MOST_REDIRECTS} redirects`);
}

async function answerOf(
  { patience }: HubSettings,
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, { headers: { "accept-encoding": "identity", ...headers }, redirect: "manual", signal });
  } catch (error) {
    throw new Unreachable(`Expected an answer of ${url.host}, got ${signal.aborted ? silence(patience) : why(error)}`);
  }
}

export function silence(patience: number): string {
  return `none within ${patience / 1000} s`;
}

/** The reason alone: what fetch says may hold headers. */
export function why(error: unknown): string {
  const cause = error instanceof Error ? error.cause : null;
  const code = [cause, error].flatMap((one) => (one instanceof Error && "code" in one ? [String(one.code)] : []))[0];
  return code === undefined ? "a broken connection" : `a broken connection (${code})`;
}

/** Which commit a revision is, and which files it has. */
export async function modelInfo(settings: HubSettings, { repo, revision }: HubReference): Promise<HubModel> {
  using patience = new Patience(settings.patience);
  const address = `${settings.endpoint}/api/models/${repo}/revision/${encodeURIComponent(revision ?? "main")}?blobs=true`;
  const { response } = await ask(settings, address, { accept: "application/json" }, patience.signal);
  if (!response.ok) await refuse(response, settings, { repo, revision });
  const found = parsed(await textOf(response, settings, patience));
  const { sha, siblings } = found ?? {};
  if (typeof sha !== "string" || !isCommit(sha) || !Array.isArray(siblings))
    throw new UserError(`Expected a commit and a list of files of ${repo} from ${settings.host}, got neither`);
  return { commit: sha, files: siblings.flatMap(fileOf) };
}

function fileOf(entry: unknown): HubFile[] {
  if (!isJson(entry) || typeof entry.rfilename !== "string") return [];
  const lfs = isJson(entry.lfs) ? entry.lfs : {};
  const [sha256, blob] = [lfs.sha256, entry.blobId].map((one) =>
    typeof one === "string" && isChecksum(one) ? one : null,
  );
  const size = [lfs.size, entry.size].find((one) => Number.isSafeInteger(one) && Number(one) >= 0);
  return [{ name: entry.rfilename, size: size === undefined ? null : Number(size), checksum: sha256 ?? blob ?? null }];
}

/** Whether contents can be held against it. */
export function isChecksum(text: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

async function textOf(response: Response, settings: HubSettings, patience: Patience): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of response.body ?? []) {
      patience.again();
      bytes += piece.length;
      if (bytes > MOST_ANSWER) break;
      pieces.push(piece);
    }
  } catch (error) {
    const reason = patience.signal.aborted ? silence(settings.patience) : why(error);
    throw new Unreachable(`Expected an answer of ${settings.host}, got ${reason}`);
  }
  if (bytes > MOST_ANSWER) throw new UserError(`Expected a list of files from ${settings.host}, got more than 16 MB`);
  return Buffer.concat(pieces).toString("utf8");
}

/** @throws {UserError} that says what to do about a refusal; {@link Unreachable} where it may pass */
export async function refuse(
  response: Response,
  settings: HubSettings,
  { repo, revision }: HubReference,
): Promise<never> {
  await response.body?.cancel();
  const { status } = response;
  const { host } = settings;
  const code = response.headers.get("x-error-code");
  const page = `${settings.endpoint}/${repo}`;
  const named = settings.token === null ? "no token is set" : "the token that is set does not allow it";
  if (code === "GatedRepo")
    throw new UserError(
      `Expected access to hub:${repo}, got ${status}: its terms are to be accepted at ${page}, then a token of that account goes into HF_TOKEN (${named})`,
    );
  if (code === "RevisionNotFound")
    throw new UserError(`Expected a branch, a tag or a commit of hub:${repo}, got ${revision}, which it does not have`);
  if (status === 401 || status === 403)
    throw new UserError(
      `Expected a model that may be read at ${page}, got ${status}: there is none of that name, or it is private (${named}); HF_TOKEN holds one`,
    );
  if (status === 404)
    throw new UserError(
      `Expected a model at ${page}${revision === null ? "" : `, revision ${revision}`}, got 404: there is none`,
    );
  if (status === 429 || status >= 500)
    throw new Unreachable(`Expected ${host} to answer for hub:${repo}, got ${status}; try again later`);
  throw new UserError(`Expected ${host} to answer for hub:${repo}, got ${status}`);
}

type Json = Record<string, unknown>;

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(text: string): Json | null {
  try {
    const found: unknown = JSON.parse(text);
    return isJson(found) ? found : null;
  } catch {
    return null;
  }
}

function unquoted(etag: string | null): string | null {
  return etag === null ? null : etag.replace(/^W\//, "").replace(/^"|"$/g, "");
}

export function whole(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text.trim()) ? Number(text) : null;
}
