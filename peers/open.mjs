// Opens folders for transformers with transformers.js, from the folder of packages that is named: as open.py, for one program.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.argv[2], "package.json"));
const { AutoModel, env, Tensor } = await import(pathToFileURL(require.resolve("@huggingface/transformers")).href);
env.allowRemoteModels = false;

for (const { folder, file, inputs } of JSON.parse(await text(process.stdin))) {
  try {
    env.localModelPath = dirname(folder);
    const model = await AutoModel.from_pretrained(basename(folder), { dtype: file });
    const { features } = await model({ pixel_values: new Tensor("float32", ...readNpy(inputs)) });
    console.log(JSON.stringify({ features: features.tolist() }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}

/** @returns numbers and shape */
function readNpy(path) {
  const bytes = readFileSync(path);
  const start = 10 + bytes.readUInt16LE(8);
  const shape = /\(([^)]*)\)/
    .exec(bytes.toString("latin1", 10, start))[1]
    .split(",")
    .map(Number);
  return [new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length)), shape];
}
