// The scores that a table shows, out of eval/*.json, without the predictions and matrices that these files hold as well.
import { join } from "node:path";
import { z } from "zod";
import type { Told } from "../messages/runs.ts";
import type { Folders } from "./folders.ts";

/** Predictions of a million images. */
const MOST_BYTES = 50_000_000;

const share = z.number().min(0).max(1);
const scored = z.looseObject({
  protocol: z.string(),
  top1: share,
  untrained: z.looseObject({ top1: share }).nullish().catch(null),
});

/** Top-1 of the linear probe and of kNN, each beside that of the untrained encoder; null where there is none, or it is damaged. */
export async function quickScores(
  folders: Folders,
  folder: string,
): Promise<{ linear: Told | null; knn: Told | null }> {
  const read = async (protocol: string): Promise<Told | null> => {
    const text = await folders.text(join(folder, `${protocol}.json`), MOST_BYTES);
    if (text === null) return null;
    try {
      const found = scored.safeParse(JSON.parse(text));
      if (!found.success || found.data.protocol !== protocol) return null;
      return { top1: found.data.top1, untrained: found.data.untrained?.top1 ?? null, online: false };
    } catch {
      return null;
    }
  };
  return { linear: await read("linear"), knn: await read("knn") };
}
