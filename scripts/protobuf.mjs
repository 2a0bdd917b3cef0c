// Writes the TypeScript of protocol buffers anew: node scripts/protobuf.mjs. ONNX's schema comes from the onnx wheel of the package index, that
// of TensorBoard's events is ours. Needs python3 with pip, and the package registries.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ONNX = "1.23.2";
const TOOLS = ["@bufbuild/buf@1.75.0", "@bufbuild/protoc-gen-es@2.17.0", "typescript@5"];
const ROOT = join(import.meta.dirname, "..");
const ONNX_TARGET = join(ROOT, "packages/unlabel/src/export/onnx/onnx_pb.ts");
const EVENTS = join(ROOT, "packages/unlabel/src/run/tensorboard");

const folder = mkdtempSync(join(tmpdir(), "unlabel-protobuf-"));
const run = (file, args) => execFileSync(file, args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
try {
  run("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", `onnx==${ONNX}`]);
  const wheel = readdirSync(folder).find((name) => name.endsWith(".whl"));
  run("python3", ["-m", "zipfile", "-e", wheel, "wheel"]);
  copyFileSync(join(folder, "wheel/onnx/onnx.proto"), join(folder, "onnx.proto"));
  copyFileSync(join(EVENTS, "events.proto"), join(folder, "events.proto"));
  writeFileSync(join(folder, "package.json"), "{}");
  run("npm", ["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", ...TOOLS]);
  const plugin = { local: join(folder, "node_modules/.bin/protoc-gen-es"), out: "made", opt: ["target=ts"] };
  const template = JSON.stringify({ version: "v2", plugins: [plugin] });
  const made = { "onnx.proto": ONNX_TARGET, "events.proto": join(EVENTS, "events_pb.ts") };
  for (const [schema, target] of Object.entries(made)) {
    run(join(folder, "node_modules/.bin/buf"), ["generate", schema, "--template", template]);
    copyFileSync(join(folder, "made", schema.replace(".proto", "_pb.ts")), target);
    execFileSync("npx", ["biome", "check", "--write", target], { cwd: ROOT, stdio: "inherit" });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
