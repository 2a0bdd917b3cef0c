// The labelling server's answers: a page, its state, pictures by their number, and what somebody pressed. It opens no file that a request
// names.
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { UserError } from "../../base/errors.ts";
import type { Labelling } from "../../label/labelling.ts";
import { type Access, guard } from "../server/guard.ts";
import { labelPage } from "./page.ts";
import { style } from "./style.ts";

const MOST_BYTES = 4096;
/** A class's name: something, on one line. */
const label = z
  .string()
  .transform((text) => text.normalize("NFC").trim())
  .pipe(
    z
      .string()
      .min(1)
      .max(80)
      .regex(/^\P{Cc}+$/u),
  );
const at = z.int().min(0);
const Answer = z.strictObject({ at, image: z.int().min(0), label: label.nullable() });
const At = z.strictObject({ at });

/** What the server is made of. */
export interface LabelApp {
  labelling: Labelling;
  access: Access;
  /** The page's script. */
  script: string;
  /** Called once, when somebody is done. */
  onFinish: () => void;
}

/** The server's answers to requests; needs no port. */
export function labelApp({ labelling, access, script, onFinish }: LabelApp): Hono {
  const app = new Hono();
  app.use(guard(access));
  app.use(
    bodyLimit({ maxSize: MOST_BYTES, onError: (c) => c.json({ error: `Expected at most ${MOST_BYTES} bytes` }, 413) }),
  );
  const text = (body: string, type: string, status = 200) =>
    new Response(body, { status, headers: { "Content-Type": `${type}; charset=utf-8` } });
  app.get("/", () => text(labelPage(labelling.title, labelling.runs > 1), "text/html"));
  app.get("/label.js", () => text(script, "text/javascript"));
  app.get("/label.css", () => text(style, "text/css"));
  app.get("/api/state", (c) => c.json({ state: labelling.state }));
  // The session's own name is in the address: another one on this port may not be shown what a browser kept of this one.
  app.get("/picture/:session/:image{[0-9]+}", async (c) => {
    const image = Number(c.req.param("image"));
    if (c.req.param("session") !== labelling.id || image >= labelling.count) return c.notFound();
    try {
      const { bytes, type } = await labelling.picture(image);
      return new Response(new Uint8Array(bytes), {
        headers: { "Content-Type": type, "Cache-Control": "private, max-age=3600, immutable" },
      });
    } catch (error) {
      return text(`${error instanceof Error ? error.message : error}\n`, "text/plain", 404);
    }
  });

  /** Does what is asked where it is asked of the session as it is; a page that is behind is told how it is. */
  const act = async <T extends { at: number }>(body: unknown, schema: z.ZodType<T>, work: (asked: T) => void) => {
    const { data: asked } = schema.safeParse(body);
    if (!asked)
      return { status: 400 as const, answer: { error: "Expected a label of 1 to 80 characters on one line" } };
    if (asked.at !== labelling.state.at) return { status: 409 as const, answer: { state: labelling.state } };
    try {
      work(asked);
      return { status: 200 as const, answer: { state: labelling.state } };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { status: 500 as const, answer: { error: error.message, state: labelling.state } };
    }
  };
  app.post("/api/answer", async (c) => {
    const { status, answer } = await act(await bodyOf(c.req.raw), Answer, ({ image, label: said }) =>
      labelling.answer(image, said),
    );
    return c.json(answer, status);
  });
  app.post("/api/undo", async (c) => {
    const { status, answer } = await act(await bodyOf(c.req.raw), At, () => labelling.undo());
    return c.json(answer, status);
  });
  app.post("/api/finish", async (c) => {
    const { status, answer } = await act(await bodyOf(c.req.raw), At, () => {
      // Once this answer is on its way.
      setTimeout(onFinish, 50);
    });
    return c.json(answer, status);
  });
  app.notFound(() => text("Expected a page of this server, got another\n", "text/plain", 404));
  app.onError((error) => {
    process.stderr.write(`error: ${error.message}\n`);
    return text("Expected an answer, got an error; the terminal says more\n", "text/plain", 500);
  });
  return app;
}

async function bodyOf(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    return null;
  }
}
