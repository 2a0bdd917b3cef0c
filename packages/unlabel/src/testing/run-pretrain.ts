// One rank of ranks.test.ts: trains what its argument asks for, one training after the other, and prints what came of each.
import { setThreads } from "@unlabel/torch";
import { type PretrainRequest, pretrain } from "../train/pretrain.ts";
import "./narrow.ts";

setThreads(1);
const rank = Number(process.env.RANK);

/** A request, and what one rank asks for otherwise. */
export interface Asked {
  request: PretrainRequest;
  otherwise?: Record<number, Partial<PretrainRequest>>;
}

async function train({ request, otherwise }: Asked) {
  let log = "";
  let events = 0;
  const stream = { write: (text: string) => (log += text) };
  try {
    const { info, result, interrupted } = await pretrain({
      ...request,
      ...otherwise?.[rank],
      stream,
      onEvent: () => events++,
    });
    return { info, result, interrupted, log, events };
  } catch (error) {
    return { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error), log, events };
  }
}

const found: unknown[] = [];
for (const asked of JSON.parse(process.argv[2]!) as Asked[]) found.push(await train(asked));
console.log(JSON.stringify(found));
