// Ways to misuse the engine. Each must end in a TorchError with a message that names what is wrong; none may end the
// process. misuse.test.ts runs them in a child process, where a crash is a failed test and not a lost one.
import { argumentMisuses } from "./misuses/arguments.ts";
import { listMisuses } from "./misuses/lists.ts";
import { operatorMisuses } from "./misuses/operators.ts";
import { stateMisuses } from "./misuses/state.ts";

export { forgeries } from "./misuses/forgeries.ts";

export const misuses = [...argumentMisuses, ...operatorMisuses, ...listMisuses, ...stateMisuses];
