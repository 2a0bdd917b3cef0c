// The site on the command line: npx tsx examples/browser-search/build.ts RUN FOLDER [-o site] [--precision int8] [--serve 8080]
import { parseArgs } from "node:util";
import { UserError } from "unlabel";
import { serveFolder } from "./serve.ts";
import { buildSite } from "./site.ts";

const USAGE = "Expected RUN FOLDER [-o site] [--precision fp32|fp16|int8] [--serve PORT]";

function asked() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        output: { type: "string", short: "o", default: "site" },
        precision: { type: "string", default: "int8" },
        serve: { type: "string" },
      },
    });
    const [run, folder, ...more] = positionals;
    const precision = (["fp32", "fp16", "int8"] as const).find((one) => one === values.precision);
    const port = values.serve === undefined ? null : Number(values.serve);
    const isPort = port === null || (Number.isInteger(port) && port >= 0 && port <= 65_535);
    if (run === undefined || folder === undefined || more.length > 0 || !precision || !isPort) return null;
    return { run, folder, out: values.output, precision, port };
  } catch {
    return null;
  }
}

const given = asked();
if (given === null) {
  console.error(USAGE);
  process.exit(2);
}
try {
  const { port, out, ...more } = given;
  const onProgress = (done: number, of: number) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${of} images${done === of ? "\n" : ""}`);
  };
  const { images, skipped, bytes } = await buildSite({ ...more, out, onProgress });
  console.error(
    `${images} images in ${out}; a visitor loads ${(bytes / 1e6).toFixed(1)} MB, and thumbnails as they show`,
  );
  if (skipped.length > 0) console.error(`${skipped.length} could not be read: ${skipped.join(", ")}`);
  if (port === null) console.error(`Give it out with any web server, such as: python3 -m http.server -d ${out}`);
  else console.error(`Open ${(await serveFolder(out, port)).url}`);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
