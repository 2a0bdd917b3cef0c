// A hub on this machine for tests: the list of a model's files, and their contents, the large ones by a redirect to another address, as the
// real one has it. It remembers what it was asked, and misbehaves where it is told to.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What was asked of one of the two addresses. */
export interface Asked {
  at: "hub" | "store";
  url: string;
  authorization: string | null;
  range: string | null;
}

/** What goes wrong; each is taken once where it is a count. */
export interface Faults {
  /** Of so many large answers the connection ends after half of it. */
  broken?: number;
  /** Ranges are not known. */
  noRanges?: boolean;
  /** Another byte at the end. */
  wrongBytes?: boolean;
  /** More comes than is announced. */
  tooMuch?: boolean;
  /** The list says neither sizes nor checksums, as mirrors have it. */
  bareList?: boolean;
  /** An answer's status, in place of what was asked for, and what the hub calls it. */
  status?: [code: number, name?: string];
  /** Nothing comes. */
  silent?: boolean;
  /** Where large files lie, in place of the store. */
  redirect?: string;
  /** Sizes that the list claims. */
  claimed?: number;
}

export interface TestHub extends AsyncDisposable {
  endpoint: string;
  asked: Asked[];
  faults: Faults;
  /** Large files of a model by name; what is smaller than 64 bytes is kept in Git itself. */
  files: Map<string, Buffer>;
  commit: string;
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const gitSha = (bytes: Buffer) => createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
const isLarge = (bytes: Buffer) => bytes.length >= 64;
const mark = (bytes: Buffer) => (isLarge(bytes) ? sha256(bytes) : gitSha(bytes));

/** Serves `org/name`, or `org/gated` to those with the token `hf_good`. */
export async function testHub(files: Record<string, string | Buffer>): Promise<TestHub> {
  const asked: Asked[] = [];
  const hub: Omit<TestHub, typeof Symbol.asyncDispose | "endpoint"> = {
    asked,
    faults: {},
    files: new Map(Object.entries(files).map(([name, content]) => [name, Buffer.from(content)])),
    commit: "c0ffee".padEnd(40, "0"),
  };
  const note = (at: Asked["at"], { url = "", headers }: IncomingMessage) =>
    asked.push({ at, url, authorization: headers.authorization ?? null, range: headers.range ?? null });

  const store = createServer((request, response) => {
    note("store", request);
    const name = decodeURIComponent(request.url!.slice(1));
    send(hub, request, response, hub.files.get(name)!);
  });
  await new Promise<void>((done) => store.listen(0, "127.0.0.1", done));
  const storeAt = `http://127.0.0.1:${(store.address() as AddressInfo).port}`;

  const server = createServer((request, response) => {
    note("hub", request);
    if (hub.faults.silent) return;
    const url = decodeURIComponent(request.url!);
    const gated = url.includes("org/gated");
    const refused =
      hub.faults.status ??
      (gated && request.headers.authorization !== "Bearer hf_good" ? ([401, "GatedRepo"] as const) : null) ??
      (/org\/(name|gated)/.test(url) ? null : ([401] as const));
    if (refused) {
      response.writeHead(refused[0], refused[1] ? { "x-error-code": refused[1] } : {}).end("{}");
      return;
    }
    const revision = /\/api\/models\/org\/(?:name|gated)\/revision\/([^?]+)/.exec(url)?.[1];
    if (revision !== undefined) {
      if (!["main", "v1", hub.commit].includes(revision)) {
        response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end("{}");
        return;
      }
      const siblings = [...hub.files].map(([rfilename, bytes]) => listed(rfilename, bytes, hub.faults));
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ sha: hub.commit, siblings }));
      return;
    }
    const name = /\/resolve\/[0-9a-f]{40}\/(.+)$/.exec(url)?.[1] ?? "";
    const bytes = hub.files.get(name);
    if (!bytes) response.writeHead(404).end();
    else if (isLarge(bytes)) {
      const to = hub.faults.redirect ?? `${storeAt}/${encodeURIComponent(name)}`;
      const linked = { "x-linked-etag": `"${mark(bytes)}"`, "x-linked-size": bytes.length };
      response.writeHead(302, { location: to, "x-repo-commit": hub.commit, ...linked }).end();
    } else send(hub, request, response, bytes, { etag: `"${mark(bytes)}"` });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const closed = (one: typeof server) =>
    new Promise<void>((done) => {
      one.closeAllConnections();
      one.close(() => done());
    });
  return Object.assign(hub, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([closed(server), closed(store)]);
    },
  });
}

function listed(rfilename: string, bytes: Buffer, { bareList, claimed }: Faults): object {
  if (bareList) return { rfilename };
  const size = claimed ?? bytes.length;
  return { rfilename, size, blobId: gitSha(bytes), ...(isLarge(bytes) && { lfs: { sha256: sha256(bytes), size } }) };
}

function send(
  hub: Pick<TestHub, "faults">,
  request: IncomingMessage,
  response: ServerResponse,
  whole: Buffer,
  headers: Record<string, string> = {},
): void {
  const { faults } = hub;
  const content = Buffer.from(whole);
  if (faults.wrongBytes) content[content.length - 1]! ^= 1;
  const from = faults.noRanges ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const body = content.subarray(from);
  const ranged = from > 0 ? { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` } : {};
  if (faults.tooMuch) {
    response.writeHead(200, headers);
    response.end(Buffer.concat([body, body]));
    return;
  }
  response.writeHead(from > 0 ? 206 : 200, { "content-length": body.length, ...ranged, ...headers });
  if ((faults.broken ?? 0) > 0) {
    faults.broken!--;
    response.write(body.subarray(0, Math.ceil(body.length / 2)), () => setTimeout(() => response.destroy(), 20));
    return;
  }
  response.end(body);
}
