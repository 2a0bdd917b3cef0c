// One session of training, from a plan to a run directory: settle, build, resume, train, finish, each in a file of its own.
import type { Dataset } from "../data/folder.ts";
import { RunDirectory } from "../run/directory.ts";
import { lockRun } from "../run/lock.ts";
import { build } from "./build.ts";
import { describe, introduction } from "./describe.ts";
import { fail, finish, type Pretrained } from "./finish.ts";
import { trainLoop } from "./loop.ts";
import type { Plan } from "./plan.ts";
import { Profiler } from "./profile.ts";
import { Progress, type ProgressStream } from "./progress.ts";
import { finished, reopen, restore } from "./resume.ts";
import { settle } from "./settle.ts";
import { SkippedImages } from "./skipped-images.ts";
import { listenForStop } from "./stop.ts";
import { startWatch } from "./watch.ts";

/** Trains as planned on `data`. */
export async function train(plan: Plan, data: Dataset, stream: ProgressStream): Promise<Pretrained> {
  const { out } = plan;
  const settled = await settle(plan, data);
  const { config, machine, reader } = settled;
  const skipped = new SkippedImages();
  using built = build(settled, skipped);
  const { method, optimizer, loader, stepsPerEpoch, total } = built;
  const { device, precision } = machine;
  const info = describe(settled, data, built);

  using _lock = lockRun(out);
  const old = plan.run && reopen(out, info);
  const already = old && finished(old, total);
  if (already) {
    stream.write(`${out} has already done its ${already.steps} steps; ask for more with --epochs or --steps\n`);
    return { run: out, info: old.info, result: already, interrupted: false };
  }
  const watch = await startWatch({ config, data, method, device, precision, reader, stepsPerEpoch });
  const trained = { method, optimizer, device, probe: watch?.probe ?? null };
  const { start, notes } = old ? restore(old, info, trained) : { start: 0, notes: [] };
  const run = old ?? RunDirectory.create(out, info);
  const progress = new Progress({ total, start, stream });
  skipped.open(run, progress);
  if (old && watch) for (const row of run.rows()) watch.observe(row, run.info.chance);
  for (const line of introduction(info, { out, total, start })) progress.log(line);
  if (settled.cacheChoice !== null) progress.log(settled.cacheChoice);
  if (old && start === 0) progress.log("It stopped before anything was saved: training begins again from step 0");
  for (const note of notes) progress.log(`note: ${note}`);

  const stop = listenForStop(() => progress.log("Finishing this step, then saving. Ctrl-C again ends at once."));
  const profiler = plan.profile ? new Profiler(out, (line) => progress.log(line)) : undefined;
  const batches = loader.batches({ step: start });
  try {
    const loop = { ...trained, config, precision, run, batches, items: data.train.items, stepsPerEpoch, total, start };
    const step = await trainLoop({ ...loop, progress, stop, profiler, watch });
    profiler?.end();
    progress.end();
    return await finish(step, { run, method, config, data, stepsPerEpoch, watch, progress, stop });
  } catch (error) {
    skipped.close();
    progress.end();
    throw fail(error, { run, config, watch });
  } finally {
    stop.release();
    await batches.return();
    watch?.dispose();
  }
}
