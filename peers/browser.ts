// Opens exports in headless Chromium, ONNX files by onnxruntime-web and folders by transformers.js, from a server of its own on this machine:
// nothing else is asked.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";

export const CHROMIUM = "/usr/bin/chromium";

/** What goes in. */
interface Input {
  name: string;
  type: "float32" | "uint8" | "uint16";
  shape: readonly number[];
  data: ArrayLike<number>;
}

/** An ONNX file for onnxruntime-web, or a folder for transformers.js, with its number format; and what goes in. */
export type Asked = { input: Input } & ({ file: string } | { folder: string; dtype: string });

/** Features of each, as rows, or why there are none. @param packages a folder whose node_modules has onnxruntime-web */
export async function openInBrowser(
  packages: string,
  asked: readonly Asked[],
): Promise<({ features: number[][] } | { error: string })[]> {
  if (!existsSync(CHROMIUM)) return asked.map(() => ({ error: `Expected Chromium at ${CHROMIUM}` }));
  const modules = join(packages, "node_modules");
  // A folder for transformers is asked for by a path below the one that it lies in.
  const roots: Record<string, string> = {
    runtime: join(modules, "onnxruntime-web", "dist"),
    js: join(modules, "@huggingface", "transformers", "dist"),
  };
  const server = await serve((url) => {
    const [, kind = "", ...rest] = decodeURIComponent(url.split("?")[0]!).split("/");
    const name = normalize(rest.join("/"));
    if (kind === "model") return fileOf(asked[Number(name)]);
    if (kind === "folders") {
      const [i, ...below] = name.split("/");
      const one = asked[Number(i)];
      return one && "folder" in one ? join(dirname(one.folder), ...below) : null;
    }
    return roots[kind] ? join(roots[kind], name) : null;
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(600_000);
    await page.goto(server.url);
    const found = [];
    for (const [i, one] of asked.entries()) {
      const { input } = one;
      const plain = { ...input, data: Array.from(input.data), i };
      const body = "file" in one ? BY_RUNTIME : BY_TRANSFORMERS;
      const more = "file" in one ? {} : { name: basename(one.folder), dtype: one.dtype };
      // What runs in the page is text to the compiler here: the runtimes lie there alone.
      const code = `(async (asked) => { ${body} })(${JSON.stringify({ ...plain, input: input.name, ...more })})`;
      try {
        found.push({ features: (await page.evaluate(code)) as number[][] });
      } catch (error) {
        found.push({ error: error instanceof Error ? error.message : String(error) });
      }
    }
    return found;
  } finally {
    await browser.close();
    await server.close();
  }
}

const ROWS = `
  const [rows, length] = features.dims;
  return Array.from({ length: rows }, (_, r) => [...features.data.subarray(r * length, (r + 1) * length)]);`;

const BY_RUNTIME = `
  const ort = await import("/runtime/ort.wasm.min.mjs");
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create("/model/" + asked.i);
  const Typed = { float32: Float32Array, uint8: Uint8Array, uint16: Uint16Array }[asked.type];
  const tensor = new ort.Tensor(asked.type, Typed.from(asked.data), asked.shape);
  const { features } = await session.run({ [asked.input]: tensor });
  ${ROWS}`;

const BY_TRANSFORMERS = `
  const { AutoModel, env, Tensor } = await import("/js/transformers.min.js");
  Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: "/folders/" + asked.i, useBrowserCache: false });
  Object.assign(env.backends.onnx.wasm, { wasmPaths: location.origin + "/runtime/", numThreads: 1 });
  const model = await AutoModel.from_pretrained(asked.name, { dtype: asked.dtype, device: "wasm" });
  const { features } = await model({ pixel_values: new Tensor("float32", Float32Array.from(asked.data), asked.shape) });
  ${ROWS}`;

function fileOf(one: Asked | undefined): string | null {
  return one && "file" in one ? one.file : null;
}

/** Gives out files on this machine. @param pathOf the file that an address stands for; null: an empty page */
export async function serve(pathOf: (url: string) => string | null): Promise<{ url: string; close(): Promise<void> }> {
  const types: Record<string, string> = {
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".wasm": "application/wasm",
    ".html": "text/html",
  };
  const server = createServer(({ url = "/" }, response) => {
    const path = pathOf(url);
    if (path === null) return response.writeHead(200, { "content-type": "text/html" }).end("<title>peers</title>");
    if (!existsSync(path)) return response.writeHead(404).end();
    const type = types[extname(path)] ?? "application/octet-stream";
    return response.writeHead(200, { "content-type": type }).end(readFileSync(path));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
