// "Save as HTML": the report of some runs, as `unlabel report` writes it.
import type { Part } from "./part.ts";
import { notFound, runsOf } from "./send.ts";

/** What a report reads of a run. */
const READ = ["run.json", "metrics.jsonl", "skipped.jsonl", "eval", "pictures", "checkpoints"];

/** `/api/report?runs=ID,ID`. */
export const reportPart: Part = (app, studio) => {
  app.get("/api/report", async (c) => {
    const runs = runsOf(c, studio);
    if (runs.length === 0) throw notFound("Expected runs that are there, got none");
    for (const { dir } of runs) await studio.folders.check(dir, READ);
    // Charts are drawn by libraries that nothing else here needs.
    const { reportPage } = await import("../../report/report.ts");
    const { text } = await reportPage(runs.map(({ dir }) => dir));
    const name = runs.length === 1 ? runs[0]!.name.replace(/[^\w.-]+/g, "-").slice(0, 80) : `${runs.length}-runs`;
    return new Response(text, {
      headers: {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Disposition": `attachment; filename="report-${name}.html"`,
      },
    });
  });
};
