// Runs every misuse in this process and prints, as JSON, what came of each.
import { eye, randn, TorchError } from "../index.ts";
import { forgeries, misuses } from "./misuses.ts";

const outcomes = misuses.map(({ what, message, run }) => {
  // Were this one to end the process, its name would be the last on stderr.
  process.stderr.write(`${what}\n`);
  try {
    run();
    return { what, outcome: "no error" };
  } catch (error) {
    if (!(error instanceof TorchError)) return { what, outcome: `not a TorchError: ${error}` };
    return { what, outcome: message.test(error.message) ? "refused" : `unclear: ${error.message}` };
  }
});
for (const [what, run] of forgeries) {
  process.stderr.write(`${what}\n`);
  try {
    run();
    outcomes.push({ what, outcome: "no error" });
  } catch {
    outcomes.push({ what, outcome: "refused" });
  }
}
const stillWorks = randn([3, 3]).matmul(eye(3)).shape.join() === "3,3";
console.log(JSON.stringify({ outcomes, stillWorks }));
