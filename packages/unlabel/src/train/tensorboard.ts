// What a training leaves for TensorBoard, where `log` asks for it: event files in the run's folder `tensorboard`, one for each time that it
// began or went on.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { began, EventFile, type EventShape, image, scalars, text } from "../run/tensorboard/event-file.ts";
import { MlflowLog, mlflowSettings } from "./mlflow.ts";
import type { LogRequest, TrainingLog } from "./training-log.ts";

/** The run's folder of event files. */
export const TENSORBOARD = "tensorboard";

/** The log that `config` asks for; null where it asks for none. */
export function openLog({ run, config, start, say }: LogRequest): TrainingLog | null {
  if (config.log === "mlflow") return new MlflowLog(run, config, mlflowSettings(), say);
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
