// `npm run setup`: makes a fresh clone ready, and finds everything in place the next time.
//   --quiet  print only the steps that did work
//   --test   what the tests need too: Chromium for the page tests
// A Node that is refused reads this file too, so it has no syntax that Node 12 lacks.
import { unsupported } from "../packages/torch/setup/support.mjs";

// Until all of it is done.
process.exitCode = 1;
const reason = unsupported();
if (reason) process.stderr.write(`${reason}\n`);
else import("./prepare.mjs").then(({ prepare }) => prepare());
