// Programs that compute beside what a bench measures, at a priority below it.
import { spawn } from "node:child_process";
import { setPriority } from "node:os";
import { setTimeout } from "node:timers/promises";

/** As `nice -n 10` starts programs, and many people their compilers. */
const NICE = 10;
const SETTLED_MS = 300;
/** Arithmetic on what fits in a core's own cache: cores are taken, memory is not. */
const COMPUTES = `const a = new Float64Array(1 << 14).fill(1.0001); let x = 1;
for (;;) for (let i = 0; i < a.length; i++) x = (x * a[i]) % 1e9 + 1;`;

/** Starts so many, each busy for ever, until they are disposed of. */
export async function startNeighbours(count: number): Promise<Disposable> {
  const others = Array.from({ length: count }, () => spawn(process.execPath, ["-e", COMPUTES], { stdio: "ignore" }));
  const stop = () => {
    for (const other of others) other.kill("SIGKILL");
  };
  process.once("exit", stop);
  for (const { pid } of others) if (pid !== undefined) setPriority(pid, NICE);
  await setTimeout(SETTLED_MS);
  return {
    [Symbol.dispose]: () => {
      process.off("exit", stop);
      stop();
    },
  };
}
