// The studio's answers: its files, one document for all of its addresses, and what its parts answer. Needs no port.
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { UserError } from "../../base/errors.ts";
import { visible } from "../../base/text.ts";
import { versionOfUnlabel } from "../../base/version.ts";
import { colours } from "../../page/style.ts";
import type { Assets } from "./assets.ts";
import { studioDocument } from "./document.ts";
import { type Access, guard } from "./guard.ts";
import type { Studio } from "./part.ts";
import { parts } from "./parts.ts";

/** The server's answers to requests. */
export function studioApp(studio: Studio, access: Access, assets: Assets): Hono {
  const app = new Hono();
  app.use(guard(access));
  const text = (body: string, type: string, status = 200) =>
    new Response(body, { status, headers: { "Content-Type": `${type}; charset=utf-8` } });
  app.get("/studio.js", () => text(assets.script, "text/javascript"));
  app.get("/studio.css", () => text(assets.style, "text/css"));
  app.get("/tokens.css", () => text(colours, "text/css"));
  for (const part of parts) part(app, studio);
  const page = studioDocument(versionOfUnlabel());
  app.get("*", (c) => {
    const { path } = c.req;
    // An address of a page has no dot in it; whatever else is asked for is not there.
    if (path.startsWith("/api/") || /\.\w+$/.test(path)) return c.notFound();
    return text(page, "text/html");
  });
  app.notFound((c) => c.json({ error: "Expected an address of this server, got another" }, 404));
  app.onError((error, c) => {
    if (error instanceof UserError) return c.json({ error: visible(error.message) }, 422);
    if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
    process.stderr.write(`error: ${visible(error.message)}\n`);
    return c.json({ error: "Expected an answer, got an error; the terminal says more" }, 500);
  });
  return app;
}
