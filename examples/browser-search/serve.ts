// A folder's files over HTTP on this machine alone, for trying the page.
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".webp": "image/webp",
};

export interface Served {
  url: string;
  close(): Promise<void>;
}

/** Serves until it is closed. @param port 0 for any that is free */
export async function serveFolder(folder: string, port: number): Promise<Served> {
  const server = createServer(({ url = "/", method }, response) => {
    const path = fileOf(folder, url);
    if (method !== "GET" && method !== "HEAD") return response.writeHead(405).end();
    if (path === null) return response.writeHead(404).end();
    const type = TYPES[extname(path)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type, "content-length": statSync(path).size });
    if (method === "HEAD") return response.end();
    return createReadStream(path)
      .on("error", () => response.destroy())
      .pipe(response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}

/** Null for what is not in the folder. */
function fileOf(folder: string, url: string): string | null {
  try {
    const name = normalize(decodeURIComponent(new URL(url, "http://localhost").pathname));
    const path = join(folder, name.endsWith(sep) ? join(name, "index.html") : name);
    return statSync(path).isFile() ? path : null;
  } catch {
    return null;
  }
}
