// The service on the command line: npx tsx examples/service/serve.ts RUN FOLDER [--port 8080] [--host 127.0.0.1]
import { parseArgs } from "node:util";
import { UserError } from "unlabel";
import { startService } from "./service.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: "string", default: "8080" }, host: { type: "string", default: "127.0.0.1" } },
});
const [run, folder] = positionals;
const port = Number(values.port);
if (run === undefined || folder === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error("Expected RUN FOLDER [--port 8080] [--host 127.0.0.1]");
  process.exit(2);
}
try {
  const service = await startService({ run, folder, port, host: values.host });
  console.error(`${service.images} images; listening on ${service.url}`);
  if (service.skipped.length > 0)
    console.error(`${service.skipped.length} could not be read: ${service.skipped.join(", ")}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void service.close());
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
