// A server, on this machine alone unless asked otherwise, from a free port or a given one to its end.
import type { AddressInfo } from "node:net";
import type { ServerType } from "@hono/node-server";
import type { Hono } from "hono";
import { UserError } from "../../base/errors.ts";
import { codeOf } from "../../base/files.ts";
import type { Access } from "./guard.ts";

/** A server that takes requests. */
export interface Served {
  port: number;
  /** Ends it: what is being answered is answered, and nothing waits for browsers that keep a line open. */
  close(): Promise<void>;
}

/**
 * Serves on 127.0.0.1, or the host that `access` has, and tells `access` the port.
 *
 * @param port 0 for any that is free
 * @throws {UserError} where the port is taken or may not be used, or the host is not this machine's
 */
export async function serveLocally(app: Hono, access: Access, port: number): Promise<Served> {
  const { createAdaptorServer } = await import("@hono/node-server");
  const server: ServerType = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false });
  await new Promise<void>((ready, failed) => {
    server.once("error", (error) => failed(refused(port, access.host, error)));
    server.listen(port, access.host ?? "127.0.0.1", ready);
  });
  access.port = (server.address() as AddressInfo).port;
  const close = () =>
    new Promise<void>((closed) => {
      server.close(() => closed());
      if ("closeAllConnections" in server) server.closeAllConnections();
    });
  return { port: access.port, close };
}

function refused(port: number, host: string | undefined, error: unknown): unknown {
  const code = codeOf(error);
  if (host !== undefined && ["EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN", "EINVAL"].includes(code)) {
    return new UserError(
      `Expected an address of this machine for --host, got ${host}; name one, 0.0.0.0 for all, or leave it out`,
      { cause: error },
    );
  }
  const why =
    code === "EADDRINUSE"
      ? "one that another program has"
      : code === "EACCES"
        ? "one that only the administrator may use"
        : null;
  if (why === null) return error;
  return new UserError(`Expected a free port, got ${port}, ${why}; name another with --port, or leave it out`, {
    cause: error,
  });
}
