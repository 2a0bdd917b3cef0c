// A plan that all ranks have: rank 0 makes it, since the run directory is where it can see it, and the others follow.
import type { Settings } from "../config/settings.ts";
import { RunDirectory } from "../run/directory.ts";
import type { Init } from "./init.ts";
import { type Plan, plan, type Request } from "./plan.ts";
import type { RankGroup } from "./rank-group.ts";
import type { OpenTeacher } from "./teacher.ts";

/**
 * The plan of a request, the same on all ranks.
 *
 * @param opened the weights and the teacher that this rank has opened
 * @throws {UserError} on all ranks as `plan` on rank 0, or where they were asked for different things
 */
export async function planTogether(
  request: Request,
  { init, teacher }: { init: Init | null; teacher: OpenTeacher | null },
  group: RankGroup,
): Promise<Plan> {
  if (!group.several) return plan(request, init, teacher);
  await group.same({
    settings: asked(request),
    resume: request.resume ?? false,
    weights: init?.settings ?? null,
    teacher: teacher?.record.checksum ?? null,
  });
  let own: Plan | null = null;
  const theirs = await group.fromFirst(() => {
    own = plan(request, init, teacher, group.worldSize);
    return { ...own, init: null, teacher: null, run: own.run?.info ?? null };
  });
  // Others may have the images elsewhere; that they are the same is seen to once they are listed.
  const { out, run, data } = theirs;
  const followed = run && RunDirectory.following(out, run);
  return own ?? { ...theirs, data: request.data ?? data, init, teacher, run: followed };
}

/** Settings as they were asked for, but for what a rank may have by itself. */
function asked({ settings }: Request): Settings {
  const { threads: _, device: __, ...rest } = { ...settings.file?.settings, ...settings.flags };
  return Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
}
