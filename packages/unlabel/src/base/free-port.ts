// A port to meet at.
import { createServer } from "node:net";
import { UserError } from "./errors.ts";

/** A port of this machine's own address that nobody listens on; somebody may by the next moment. @throws {UserError} where there is none */
export async function freePort(): Promise<number> {
  const server = createServer();
  const address = await new Promise<ReturnType<typeof server.address>>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server.address()));
  });
  await new Promise((done) => server.close(done));
  if (address !== null && typeof address === "object") return address.port;
  throw new UserError("Expected a free port on 127.0.0.1, got none; name one with --port");
}
