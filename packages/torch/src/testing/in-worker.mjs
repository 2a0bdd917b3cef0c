// Loads the bridge in worker threads, beside the main thread or without it, and prints what they say. Plain JavaScript,
// since workers do not inherit a TypeScript loader.
import { createRequire } from "node:module";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { locateEngine } from "../../setup/index.mjs";

const load = () => createRequire(import.meta.url)(locateEngine().addon);

function answer() {
  try {
    const native = load();
    for (let i = 0; i < 3; i++) native.from(new Float32Array(2), [2], "float32");
    return native.memory();
  } catch (error) {
    return error.message;
  }
}

function ask() {
  const worker = new Worker(new URL(import.meta.url));
  return new Promise((resolve, reject) => {
    let said;
    worker.once("message", (value) => {
      said = value;
    });
    worker.once("error", reject);
    worker.once("exit", () => resolve(said));
  });
}

if (!isMainThread) {
  parentPort.postMessage(answer());
} else if (process.argv[2] === "beside") {
  const native = load();
  const handle = native.from(new Float32Array(4), [2, 2], "float32");
  const worker = await ask();
  console.log(JSON.stringify({ worker, main: native.shape(handle) }));
} else {
  console.log(JSON.stringify({ workers: [await ask(), await ask()] }));
}
