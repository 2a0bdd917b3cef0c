// Opens ONNX files in headless Chromium by onnxruntime-web, from a server of its own on this machine: nothing else is asked.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";

/** What is asked of one file: its path, and what goes in. */
export interface Asked {
  file: string;
  input: { name: string; type: "float32" | "uint8" | "uint16"; shape: readonly number[]; data: ArrayLike<number> };
}

/** Features of each, as rows, or why there are none. @param packages a folder whose node_modules has onnxruntime-web */
export async function openInBrowser(
  packages: string,
  asked: readonly Asked[],
): Promise<({ features: number[][] } | { error: string })[]> {
  if (!existsSync(CHROMIUM)) return asked.map(() => ({ error: `Expected Chromium at ${CHROMIUM}` }));
  const runtime = join(packages, "node_modules", "onnxruntime-web", "dist");
  const server = createServer(({ url = "/" }, response) => {
    const [, kind, name = ""] = url.split("?")[0]!.split("/");
    const path = kind === "runtime" ? join(runtime, name) : kind === "model" ? asked[Number(name)]!.file : null;
    if (path !== null && !existsSync(path)) return response.writeHead(404).end();
    const types: Record<string, string> = { ".mjs": "text/javascript", ".wasm": "application/wasm" };
    const type = path === null ? "text/html" : (types[extname(path)] ?? "application/octet-stream");
    return response
      .writeHead(200, { "content-type": type })
      .end(path === null ? "<title>peers</title>" : readFileSync(path));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(600_000);
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const found = [];
    for (const [i, { input }] of asked.entries()) {
      const plain = { ...input, data: Array.from(input.data) };
      // What runs in the page is text to the compiler here: the runtime lies there alone.
      const code = `(async ({ name, type, shape, data }) => {
        const ort = await import("/runtime/ort.wasm.min.mjs");
        ort.env.wasm.numThreads = 1;
        const session = await ort.InferenceSession.create("/model/${i}");
        const Typed = { float32: Float32Array, uint8: Uint8Array, uint16: Uint16Array }[type];
        const { features } = await session.run({ [name]: new ort.Tensor(type, Typed.from(data), shape) });
        const [rows, length] = features.dims;
        return Array.from({ length: rows }, (_, r) => [...features.data.subarray(r * length, (r + 1) * length)]);
      })(${JSON.stringify(plain)})`;
      try {
        found.push({ features: (await page.evaluate(code)) as number[][] });
      } catch (error) {
        found.push({ error: error instanceof Error ? error.message : String(error) });
      }
    }
    return found;
  } finally {
    await browser.close();
    server.close();
  }
}
