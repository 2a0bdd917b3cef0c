// Who may talk to a server of ours: this machine's browser, and in it the pages of ours alone. The address that is printed holds a random
// token; it is exchanged for a cookie that scripts cannot read and other sites' requests do not carry. Host is checked against names
// that were made to lead here (DNS rebinding), Origin and Sec-Fetch-Site against other pages, and no page may load anything but ours.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";

/** What opens a server. */
export interface Access {
  /** In the address, once. */
  readonly token: string;
  /** In the cookie, from then on. */
  readonly secret: string;
  /** The port that the server listens on, once it does. */
  port: number;
  /** What it listens on; absent for this machine alone. */
  host?: string;
}

/** Random secrets, of 192 bits each. */
export function newAccess(): Access {
  const random = () => randomBytes(24).toString("base64url");
  return { token: random(), secret: random(), port: 0 };
}

/** The address that lets a browser in. @param host by which it reaches this machine */
export function addressOf({ port, token }: Access, host = "127.0.0.1"): string {
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}/?token=${token}`;
}

/** Whether only this machine reaches a server that listens there. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

/** Whether a request was meant for this server: an address, which no name can be made to lead to, or a name that is known to be ours. */
function isOurs(host: string | undefined, access: Access): boolean {
  // Browsers leave out the port that HTTP has by itself.
  const found = /^(\[[0-9a-fA-F:.]+\]|[^:]+)(?::(\d+))?$/.exec(host ?? "");
  if (!found || Number(found[2] ?? 80) !== access.port) return false;
  const name = found[1]!.replace(/^\[|\]$/g, "").toLowerCase();
  if (name === "127.0.0.1" || name === "localhost") return true;
  if (access.host === undefined) return false;
  if (isLoopback(access.host)) return name === access.host.toLowerCase();
  const own = hostname().toLowerCase();
  return isIP(name) > 0 || name === access.host.toLowerCase() || name === own || name === `${own}.local`;
}

const HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
  "Cache-Control": "no-store",
};

/** Lets in whom {@link Access} lets in; everybody else is refused in one line. */
export function guard(access: Access): MiddlewareHandler {
  return async (c, next) => {
    const refusal = refusalOf(c, access);
    if (refusal !== null)
      c.res = new Response(`${refusal}\n`, { status: 403, headers: { "Content-Type": "text/plain; charset=utf-8" } });
    else if (isEntry(c)) c.res = enter(access);
    else await next();
    for (const [name, value] of Object.entries(HEADERS)) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  };
}

/** Cookies are shared by all ports of a host, so that each server needs a name of its own. */
function cookieName({ port }: Access): string {
  return `unlabel-${port}`;
}

function isEntry(c: Context): boolean {
  return c.req.path === "/" && c.req.query("token") !== undefined;
}

function refusalOf(c: Context, access: Access): string | null {
  const { method } = c.req;
  const host = c.req.header("host");
  if (!isOurs(host, access)) return "Expected the address that was printed, got another host";
  if (method !== "GET" && method !== "HEAD" && method !== "POST") return "Expected GET or POST";
  if (isEntry(c)) return method === "GET" && same(c.req.query("token") ?? "", access.token) ? null : WAY_IN;
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && site !== "none")
    return "Expected a page of this server, got another";
  const origin = c.req.header("origin");
  if (origin !== undefined && origin !== `http://${host}`) return "Expected a page of this server, got another";
  if (method === "POST") {
    if (origin === undefined) return "Expected a page of this server, got a request without one";
    // Neither is a type that a form of another page could send without asking first.
    if (!/^application\/(json|octet-stream)\b/i.test(c.req.header("content-type") ?? ""))
      return "Expected JSON, or a file's bytes";
  }
  return same(getCookie(c, cookieName(access)) ?? "", access.secret) ? null : WAY_IN;
}

const WAY_IN = "Expected the address that was printed in the terminal, with its token; open that one";

/** A page of ours that goes on by itself: a redirect would be the other site's request where the address was opened from one. */
function enter(access: Access): Response {
  const cookie = `${cookieName(access)}=${access.secret}; Path=/; HttpOnly; SameSite=Strict`;
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><link rel="icon" href="data:,"><title>unlabel</title><a href="/">Go on</a></html>\n`;
  return new Response(page, { headers: { "Content-Type": "text/html; charset=utf-8", "Set-Cookie": cookie } });
}

/** Compared in a time that tells nothing. */
function same(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
