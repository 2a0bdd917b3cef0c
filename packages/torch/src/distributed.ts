// Several processes that work on one thing, by torch.distributed's names and meaning.
export {
  allGather,
  allGatherIntoTensor,
  allReduce,
  barrier,
  broadcast,
  gatherRows,
  type ReduceOp,
  type ReduceOptions,
  rankErrorOf,
  reduceScatter,
  reduceScatterTensor,
  type Work,
} from "./collectives.ts";
export {
  destroyProcessGroup,
  getBackend,
  getRank,
  getWorldSize,
  initProcessGroup,
  isInitialized,
  type ProcessGroupOptions,
} from "./process-group.ts";
export { RankError } from "./rank-error.ts";
export { lostRanks, type Store, store } from "./rank-store.ts";
