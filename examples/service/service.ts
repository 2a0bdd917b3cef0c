// A small web service around a trained encoder. POST an image to /features for its features, to /search for the nearest images
// of a folder; GET / says what it serves. Nothing but node:http and the library.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type LoadedEncoder, loadEncoder, UserError } from "unlabel";
import { type Gallery, readGallery } from "./gallery.ts";

export interface ServiceOptions {
  /** The run directory whose encoder answers. */
  run: string;
  /** What is searched: anything that `unlabel pretrain` takes as data. */
  folder: string;
  /** Default 8080; 0 takes any that is free. */
  port?: number;
  /** Default 127.0.0.1: this machine alone. Whoever can reach it can use it, so put what checks people before it. */
  host?: string;
  /** The largest image taken, in bytes; default 20 MB. */
  maxBytes?: number;
  /** Requests that may wait for the encoder, which computes one at a time; default 16. */
  maxWaiting?: number;
}

export interface Service {
  /** Where it listens: `http://127.0.0.1:8080`. */
  url: string;
  /** How many images are searched, and the paths of those that could not be read. */
  images: number;
  skipped: string[];
  /** Finishes what is under way, and frees the encoder. */
  close(): Promise<void>;
}

/** What a client has done wrong, with its status. */
class Refusal extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * Encodes the folder's images, then listens.
 *
 * @throws {UserError} where the run has no encoder or the folder no image that can be read
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const encoder = await loadEncoder(options.run);
  try {
    return await serve(encoder, options);
  } catch (error) {
    encoder.dispose();
    throw error;
  }
}

async function serve(encoder: LoadedEncoder, options: ServiceOptions): Promise<Service> {
  const { folder, port = 8080, host = "127.0.0.1", maxBytes = 20e6, maxWaiting = 16 } = options;
  const gallery = await readGallery(encoder, folder);
  const inTurn = queue(maxWaiting);
  const encode = (image: Uint8Array) => inTurn(() => encoder.encode(image));
  const about = {
    encoder: encoder.architecture,
    method: encoder.method,
    dim: encoder.dim,
    images: gallery.paths.length,
  };

  const answer = async (request: IncomingMessage): Promise<object> => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    switch (pathname) {
      case "/":
        allow(request, "GET");
        return about;
      case "/features": {
        allow(request, "POST");
        const features = await encode(await bodyOf(request, maxBytes));
        return { dim: encoder.dim, features: Array.from(features) };
      }
      case "/search": {
        allow(request, "POST");
        const k = count(searchParams.get("k") ?? "10", gallery);
        return { found: gallery.nearest(await encode(await bodyOf(request, maxBytes)), k) };
      }
      default:
        throw new Refusal(404, `Expected /, /features or /search, got ${pathname}`);
    }
  };

  const server = createServer((request, response) => {
    answer(request).then(
      (found) => send(response, 200, found),
      (error: unknown) => {
        // What is left of a body that nobody reads would come as the next request.
        if (!request.complete) response.setHeader("connection", "close");
        const { status, message, headers } = refusalOf(error);
        send(response, status, { error: message }, headers);
      },
    );
  });
  server.requestTimeout = 30_000;
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
  const { address, port: taken, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${taken}`,
    images: gallery.paths.length,
    skipped: gallery.skipped,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      encoder.dispose();
    },
  };
}

/** Runs tasks one after another, and refuses more than may wait. */
function queue(most: number) {
  let [waiting, last] = [0, Promise.resolve<unknown>(undefined)];
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (waiting >= most) throw new Refusal(503, "Expected less to do, got too much: try again", { "retry-after": "1" });
    waiting++;
    const mine = last.then(task, task);
    last = mine.catch(() => {});
    return mine.finally(() => waiting--);
  };
}

function allow({ method }: IncomingMessage, wanted: string): void {
  if (method !== wanted) throw new Refusal(405, `Expected ${wanted}, got ${method}`, { allow: wanted });
}

function count(text: string, { paths }: Gallery): number {
  const k = Number(text);
  if (!Number.isInteger(k) || k < 1) throw new Refusal(400, `Expected a whole number of 1 or more for k, got ${text}`);
  return Math.min(k, paths.length);
}

/** The bytes of a request, never more than allowed. */
async function bodyOf(request: IncomingMessage, most: number): Promise<Uint8Array> {
  const tooLarge = () => new Refusal(413, `Expected an image of at most ${most} bytes, got more`);
  if (Number(request.headers["content-length"] ?? 0) > most) throw tooLarge();
  const parts: Buffer[] = [];
  let bytes = 0;
  // Taken by events, since leaving a `for await` early would close the connection before the answer.
  await new Promise<void>((resolve, reject) => {
    request.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes <= most) parts.push(part);
      else reject(tooLarge());
    });
    request.on("end", resolve).on("error", reject);
  });
  if (bytes === 0) throw new Refusal(400, "Expected the bytes of an image as the request's body, got none");
  return Buffer.concat(parts);
}

/** What the client is told: of its own faults all, of others nothing. */
function refusalOf(error: unknown): Pick<Refusal, "status" | "message" | "headers"> {
  if (error instanceof Refusal) return error;
  if (error instanceof UserError) return { status: 422, message: error.message, headers: {} };
  console.error(error);
  return { status: 500, message: "Something went wrong here; the service's log has more", headers: {} };
}

function send(response: ServerResponse, status: number, value: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(`${JSON.stringify(value)}\n`);
}
