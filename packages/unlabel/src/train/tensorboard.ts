// What a training leaves for TensorBoard, where `log` asks for it: event files in the run's folder `tensorboard`, one for each time that it
// began or went on.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { SettledConfig } from "../config/common.ts";
import type { MetricsRow, RunDirectory } from "../run/directory.ts";
import { began, EventFile, type EventShape, image, scalars, text } from "../run/tensorboard/event-file.ts";
import type { WrittenPictures } from "./pictures.ts";

/** The run's folder of event files. */
export const TENSORBOARD = "tensorboard";

/** Takes what training notes. */
export interface TrainingLog {
  /** A step, all or nothing; the first one brings the settings with it. */
  step(row: MetricsRow): void;
  /** The pictures that the end of a training made. */
  pictures(step: number, made: WrittenPictures): void;
}

/** The log that `config` asks for; null where it asks for none. @param start steps done before: what is there of later ones is void */
export function openLog(run: RunDirectory, config: SettledConfig, start: number): TrainingLog | null {
  if (config.log !== "tensorboard") return null;
  const file = new EventFile(join(run.path, TENSORBOARD));
  let first: EventShape[] = [
    ...(start > 0 ? [began(start + 1)] : []),
    text(start, "config", `\`\`\`yaml\n${stringify(config)}\`\`\``),
  ];
  return {
    step({ step, epoch: _, seconds: __, ...named }) {
      file.add(...first, scalars(step, named));
      first = [];
    },
    pictures(step, { size, items }) {
      const shown = items.flatMap((item, i) =>
        Object.entries(item).map(([kind, name]) => {
          const png = readFileSync(join(run.path, "pictures", name));
          return image(step, `${config.method}/${i + 1}/${kind}`, png, size);
        }),
      );
      file.add(...shown);
    },
  };
}
