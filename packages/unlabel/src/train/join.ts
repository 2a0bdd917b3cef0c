// Joining the ranks that train together, by what their devices can send each other.
import { engineInfo } from "@unlabel/torch";
import { locateNccl, SETUP_COMMAND } from "@unlabel/torch/setup";
import type { Sources } from "../config/resolve.ts";
import { joinRanks, type RankGroup } from "./rank-group.ts";
import type { Ranks } from "./ranks.ts";

/**
 * Joins the group: by NCCL where each rank of this machine has a GPU of its own and the library is there, else by Gloo.
 *
 * @param settings what the user has set, of which the device matters
 */
export async function joinForTraining(ranks: Ranks, { file, flags }: Sources): Promise<RankGroup> {
  const device = String(flags?.device ?? file?.settings.device ?? "auto");
  const { cudaDevices } = engineInfo();
  const gpus = device !== "cpu" && device !== "mps" && cudaDevices >= ranks.localWorldSize;
  if (!gpus) return await joinRanks(ranks);
  if (locateNccl() !== null) return await joinRanks(ranks, "nccl");
  const why = `through the host's memory, since NCCL's library is not built (${SETUP_COMMAND} says why)`;
  return await joinRanks(ranks, "gloo", `Gloo, ${why}`);
}
