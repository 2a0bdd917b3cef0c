// Who may talk to a server of ours: this machine's browser, and in it the pages of ours alone. The address that is printed holds a random
// token; it is exchanged for a cookie that scripts cannot read and other sites' requests do not carry. Host is checked against names
// that were made to lead here (DNS rebinding), Origin and Sec-Fetch-Site against other pages, and no page may load anything but ours.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
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
}

/** Random secrets, of 192 bits each. */
export function newAccess(): Access {
  const random = () => randomBytes(24).toString("base64url");
  return { token: random(), secret: random(), port: 0 };
}

/** The address that lets a browser in. */
export function addressOf({ port, token }: Access): string {
  return `http://127.0.0.1:${port}/?token=${token}`;
}

const HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
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
  if (host !== `127.0.0.1:${access.port}` && host !== `localhost:${access.port}`)
    return "Expected the address that was printed, got another host";
  if (method !== "GET" && method !== "HEAD" && method !== "POST") return "Expected GET or POST";
  if (isEntry(c)) return method === "GET" && same(c.req.query("token") ?? "", access.token) ? null : WAY_IN;
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && site !== "none")
    return "Expected a page of this server, got another";
  const origin = c.req.header("origin");
  if (origin !== undefined && origin !== `http://${host}`) return "Expected a page of this server, got another";
  if (method === "POST") {
    if (origin === undefined) return "Expected a page of this server, got a request without one";
    if (!/^application\/json\b/i.test(c.req.header("content-type") ?? "")) return "Expected JSON";
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
