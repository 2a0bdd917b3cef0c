// A local HTTP server for tests of downloads, which can cut the line, serve wrong bytes, refuse ranges, or fail for a while.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

export interface Behaviour {
  /** Cuts the line after so many bytes of an answer, for the first `cuts` answers. */
  cutAfter?: number;
  cuts?: number;
  /** Answers so, for the first `fails` requests. */
  status?: number;
  fails?: number;
  /** Takes requests, and never answers. */
  hangs?: boolean;
  /** Sends every request on to itself. */
  loops?: boolean;
  ranges?: boolean;
  etag?: string;
  /** Bytes that an answer to a range brings beyond those asked for, said in its headers, or not. */
  more?: { bytes: number; said: boolean };
}

/** Handed over as the line takes them, so that what is counted is what was fetched. */
function* piecesOf(body: Uint8Array, onSent: (bytes: number) => void): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += 1 << 16) {
    const piece = body.subarray(at, at + (1 << 16));
    onSent(piece.length);
    yield piece;
  }
}

/** Serves `files` by path; what it does, and what it was asked, can be seen and changed while it runs. */
export async function serve(files: Record<string, Uint8Array>, behaviour: Behaviour = {}) {
  const asked: { url: string; range: string | undefined; sent: number }[] = [];
  const server = createServer((request, response) => {
    const { etag = '"one"', ranges = true } = behaviour;
    const url = request.url ?? "";
    const { range } = request.headers;
    const told = { url, range, sent: 0 };
    asked.push(told);
    const content = files[decodeURI(url.slice(1).split("?")[0]!)];
    if (behaviour.hangs) return;
    if (behaviour.loops) {
      response.writeHead(302, { location: url }).end();
      return;
    }
    if ((behaviour.fails ?? 0) > 0) {
      behaviour.fails = behaviour.fails! - 1;
      response.writeHead(behaviour.status ?? 503).end();
      return;
    }
    if (!content) {
      response.writeHead(404).end();
      return;
    }
    const ifRange = request.headers["if-range"];
    const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
    const isPart = ranges && range !== undefined && (ifRange === undefined || ifRange === etag);
    const [start, end] = isPart
      ? [Number(from), to === "" ? content.length : Math.min(content.length, Number(to) + 1)]
      : [0, content.length];
    if (isPart && start >= content.length) {
      response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
      return;
    }
    const { more = { bytes: 0, said: false } } = behaviour;
    const body = isPart && more.bytes > 0 ? content.subarray(start, end + more.bytes) : content.subarray(start, end);
    const headers = { etag, ...((more.said || more.bytes === 0) && { "content-length": body.length }) };
    if (isPart) response.writeHead(206, { ...headers, "content-range": `bytes ${start}-${end - 1}/${content.length}` });
    else response.writeHead(200, headers);
    const { cutAfter = 0 } = behaviour;
    if ((behaviour.cuts ?? 0) > 0 && body.length > cutAfter) {
      behaviour.cuts = behaviour.cuts! - 1;
      response.write(body.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 150));
    } else
      pipeline(
        piecesOf(body, (bytes) => (told.sent += bytes)),
        response,
      ).catch(() => {});
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((closed) => {
      server.close(() => closed());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, behaviour, asked, close, [Symbol.asyncDispose]: close };
}
