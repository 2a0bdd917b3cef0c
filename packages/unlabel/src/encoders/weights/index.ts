// Weights from elsewhere: what other rooms use of this one.
export type { ChannelsRule } from "./adapt.ts";
export { described, type EncoderFor, encoderFor } from "./encoder-for.ts";
export type { Entry, FilePart, Plain, WeightsFile } from "./files/weights-file.ts";
export type { FoundArchitecture, FoundConvNext, FoundResNet, FoundVit, Hints } from "./found-architecture.ts";
export { type Aside, type FoundState, type Placed, tensorsOf } from "./found-state.ts";
export { type LoadedWeights, type LoadWeightsOptions, loadWeights } from "./load-weights.ts";
export { openWeights, type WeightsAbout, type WeightsSource } from "./open-weights.ts";
export type { Preprocessing } from "./preprocessing.ts";
