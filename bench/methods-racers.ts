// What bench `methods` trains under one name, ours and lightly's alike.
import { lightlys, ours, type Side } from "./methods-measure.ts";
import {
  type Contender,
  contenders,
  digestOf,
  NO_ROW,
  PEERS,
  settingsOf,
  type Trial,
  trialsOf,
} from "./methods-plan.ts";
import { findPeers, type Peers } from "./peers.ts";
import type { BenchOptions } from "./row.ts";

/** Learning rates that are tried for lightly's methods, of which the middle one comes first. */
const PEER_RATES = [1e-3, 3e-3, 3e-4];

/** What is trained under one name: ours with settings, or lightly's with a rate. */
export interface Racer {
  name: string;
  trials: readonly Trial[];
  /** The settings' digest, by which rows are known again. */
  digest(trial: Trial): Promise<string>;
  side(trial: Trial): Side;
}

/** All of them. @param images that preset auto fits ours to */
export function racersOf(images: string, options: BenchOptions): Racer[] {
  const own = contenders().map((contender: Contender): Racer => {
    return {
      name: contender.name,
      trials: trialsOf(contender),
      digest: (trial) => digestOf(images, settingsOf(contender, trial)),
      side: (trial) => ours(settingsOf(contender, trial), options),
    };
  });
  let peers: Peers | undefined;
  const theirs = PEERS.map((method): Racer => {
    return {
      name: `lightly ${method}`,
      trials: PEER_RATES.map((lr) => ({
        ...{ name: `lr ${lr}`, settings: { lr } },
        ...(lr < PEER_RATES[0]! && { unless: `lr ${PEER_RATES[1]}` }),
      })),
      digest: async (trial) => `lr ${trial.settings.lr}`,
      side(trial) {
        peers ??= findPeers(options.say);
        return lightlys(method, Number(trial.settings.lr), peers, options);
      },
    };
  });
  return [...own, ...theirs];
}

/** The digests of each one's trials on the bench's images, by its name. */
export async function triedOn(options: BenchOptions): Promise<Map<string, Set<string>>> {
  const tried = new Map<string, Set<string>>();
  for (const { name, trials, digest } of racersOf(options.data, options)) {
    if (name in NO_ROW) continue;
    const digests = new Set<string>();
    for (const trial of trials) digests.add(await digest(trial));
    tried.set(name, digests);
  }
  return tried;
}
