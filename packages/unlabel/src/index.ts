// unlabel as a library: what the command line does, as functions, and the parts that methods of one's own are made of.

export { Draws } from "./base/draws.ts";
export { InterruptedError, UsageError, UserError } from "./base/errors.ts";
export type { ImageSource, Pixels } from "./base/native.ts";
export { Rng } from "./base/rng.ts";
export { type Checked, type CheckOptions, type CheckStage, checkData } from "./check/check.ts";
export type { Copies } from "./check/duplicates.ts";
export type { Forecast, PresetForecast } from "./check/forecast.ts";
export type { Group, Leak } from "./check/groups.ts";
export type { KindCount } from "./check/kinds.ts";
export type { Seen } from "./check/look.ts";
export type { CheckResult, ClassCount, Finding, Named } from "./check/result.ts";
export type { Sizes } from "./check/sizes.ts";
export type { BandValues, ClassValues } from "./check/values.ts";
export { compare } from "./compare/compare.ts";
export { type DemoCourse, type DemoRequest, type DemoResult, demo } from "./compare/demo.ts";
export type { MethodsWord } from "./compare/methods.ts";
export type { Budget, PlannedRun, RunState, Terms } from "./compare/plan.ts";
export type { Compared, ComparedRun, ComparedShelf, CompareRequest } from "./compare/request.ts";
export type { PlannedShelf } from "./compare/shelf.ts";
export type { CommonConfig, Config, SettledChannels, SettledConfig } from "./config/common.ts";
export { HALF, IMAGENET } from "./config/defaults.ts";
export * as fields from "./config/fields.ts";
export { readSettings } from "./config/files.ts";
export type { Sources } from "./config/resolve.ts";
export type { Settings } from "./config/settings.ts";
export { type AugmentSpec, augment } from "./data/augment.ts";
export { type EvalBatch, type EvalOptions, evalBatches } from "./data/eval-batches.ts";
export type { ClassName, Dataset, HeldOut, Item, Layout, LeftAside, SavedHoldOut, Split } from "./data/folder.ts";
export type { AnyImage, Described, Input, Tile } from "./data/input.ts";
export type { InputSettings } from "./data/input-settings.ts";
export { labelledBy } from "./data/labelled-by.ts";
export type { Draw } from "./data/labels-file.ts";
export { type Batch, Loader, type LoaderOptions } from "./data/loader.ts";
export { openData } from "./data/open.ts";
export type { JitterParams, ViewParams } from "./data/params.ts";
export { type Failure, ImageReader, type ReaderOptions, type Size, unpackedBytes } from "./data/reader.ts";
export type { FillItem, Part, ReadItem, ReadOptions, Target } from "./data/targets.ts";
export { understood } from "./data/understood.ts";
export { type BlurSpec, type Box, type ColorSpec, type Filter, plainView, type ViewSpec } from "./data/views.ts";
export {
  ARCHITECTURES,
  type Block,
  type BlockOptions,
  buildEncoder,
  CONVNEXTS,
  ConvNeXt,
  type ConvNeXtAbout,
  type ConvNeXtBlock,
  type ConvNeXtDescription,
  type ConvNeXtHead,
  type ConvNeXtOptions,
  type ConvNeXtStage,
  createEncoder,
  describeEncoder,
  ENCODERS,
  Encoder,
  type EncoderAbout,
  type EncoderConfig,
  type EncoderDescription,
  type EncoderName,
  type EncoderOptions,
  encoderDim,
  encoderMacs,
  encoderParameters,
  encoderShapes,
  encoderWidth,
  type Interpolation,
  type LayerScale,
  type Mlp,
  type PatchEmbed,
  POOLINGS,
  type Pooling,
  type PrefixPositions,
  RESNETS,
  ResNet,
  type ResNetAbout,
  type ResNetDescription,
  type ResNetOptions,
  type TokenOptions,
  type Tokens,
  type Variant,
  VITS,
  VisionTransformer,
  type VitAbout,
  type VitDescription,
  type VitOptions,
} from "./encoders/index.ts";
export {
  type Aside,
  type ChannelsRule,
  type EncoderFor,
  type Entry,
  encoderFor,
  type FilePart,
  type FoundArchitecture,
  type FoundConvNext,
  type FoundResNet,
  type FoundState,
  type FoundVit,
  type Hints,
  type LoadedWeights,
  type LoadWeightsOptions,
  loadWeights,
  type Placed,
  type Plain,
  type Preprocessing,
  type WeightsAbout,
  type WeightsFile,
  type WeightsSource,
} from "./encoders/weights/index.ts";
export { BaselineMemory } from "./eval/baseline-memory.ts";
export { type Embedded, type EmbedOptions, embed } from "./eval/embed.ts";
export { evaluate } from "./eval/evaluate.ts";
export type { EncoderSource } from "./eval/evaluated.ts";
export type { ProbeSettings } from "./eval/linear.ts";
export {
  type EncodeOptions,
  type ImageInput,
  type LoadEncoderOptions,
  LoadedEncoder,
  loadEncoder,
} from "./eval/load-encoder.ts";
export type { EvaluateOptions } from "./eval/options.ts";
export { type ProbeOptions, probe } from "./eval/probe.ts";
export { type Found, type SearchOptions, type SearchResult, search } from "./eval/search.ts";
export type { OnPhase } from "./eval/session.ts";
export { type Exported, exportEncoder } from "./export/export.ts";
export type { WrittenFile } from "./export/folder.ts";
export type { ExportOptions, Target as ExportTarget } from "./export/options.ts";
export type { HubStream } from "./hub/progress.ts";
export { type Coupling, forwardOperations, trainingOperations } from "./methods/about.ts";
export * from "./methods/index.ts";
export { loadPlugin } from "./methods/plugins.ts";
export { type PresetConfig, presetConfig } from "./methods/presets.ts";
export { type AugmentationConfig, augmentationSchema, augmentedView } from "./methods/shared/augmentation.ts";
export { AUGMENTATION, LOCAL_VIEWS, MANY_VIEWS, TWO_VIEWS } from "./methods/shared/augmentation-defaults.ts";
export { type BarlowShape, barlowChance, barlowFloor, barlowTwins } from "./methods/shared/barlow-loss.ts";
export { groupSizes, inGroups, inShuffledGroups, normalisesBatches } from "./methods/shared/batch-groups.ts";
export { type BlockMask, type BlockMaskOptions, blockMask } from "./methods/shared/block-masking.ts";
export { Centre } from "./methods/shared/centre.ts";
export { cosineRegression } from "./methods/shared/cosine-regression.ts";
export { DinoHead, type DinoHeadOptions, NormalisedLinear } from "./methods/shared/dino-head.ts";
export { type DinoOptions, dino, dinoPatches } from "./methods/shared/dino-loss.ts";
export { deepHead, type HeadEnd, mlpHead } from "./methods/shared/heads.ts";
export { infoNce, infoNceChance, infoNceFloor } from "./methods/shared/info-nce.ts";
export {
  bySize,
  type LocalViewsConfig,
  localViews,
  localViewsProblems,
  localViewsSchema,
} from "./methods/shared/local-views.ts";
export { type ManyViewsConfig, manyViews, manyViewsSchema } from "./methods/shared/many-views.ts";
export { type Masking, maskingOf, randomMasking, restoreOrder } from "./methods/shared/masking.ts";
export { follow, momentumCopy } from "./methods/shared/momentum.ts";
export {
  type NtXentForm,
  type NtXentOptions,
  ntXent,
  ntXentChance,
  ntXentFloor,
  positiveWeights,
} from "./methods/shared/nt-xent.ts";
export { prototypeChance, prototypeFloor } from "./methods/shared/prototype-bounds.ts";
export { Prototypes } from "./methods/shared/prototypes.ts";
export { Queue } from "./methods/shared/queue.ts";
export { queueContrast } from "./methods/shared/queue-contrast.ts";
export { resampled, resampledTokens } from "./methods/shared/resampled.ts";
export { cosineBetween, isBeginning, linearBetween } from "./methods/shared/schedules.ts";
export {
  distanceToCentre,
  leJepa,
  leJepaChance,
  sigReg,
  unrelatedDistance,
  type ViewCounts,
} from "./methods/shared/sigreg.ts";
export { type SinkhornOptions, sinkhorn } from "./methods/shared/sinkhorn.ts";
export { gaussianQuantiles, sliceDirections } from "./methods/shared/slices.ts";
export { sphereSpread } from "./methods/shared/spread.ts";
export { type SwavOptions, swav } from "./methods/shared/swav-loss.ts";
export { type Taught, Teacher, type TeacherView } from "./methods/shared/teacher.ts";
export { type TwoViewsConfig, twoViews, twoViewsSchema } from "./methods/shared/two-views.ts";
export { meanSquaredCosine } from "./methods/shared/uniformity.ts";
export { randomUnitMask, type UnitMasking, unitMaskOf } from "./methods/shared/unit-masking.ts";
export { type VicRegWeights, vicReg, vicRegChance } from "./methods/shared/vicreg-loss.ts";
export { type VisRegWeights, visReg, visRegChance } from "./methods/shared/visreg-loss.ts";
export {
  type GroupTold,
  type IndicatorLead,
  type Place,
  type Ranking,
  type Report,
  type ReportData,
  reportData,
  type Settle,
  type WithoutLabels,
  writeReport,
} from "./report/index.ts";
export type { Damage, Recovered, StepOf } from "./run/checkpoint-files.ts";
export {
  type MetricsRow,
  RunDirectory,
  type RunInfo,
  type RunInit,
  type RunResult,
  type RunStatus,
  type RunTeacher,
  type SavedGrowth,
} from "./run/directory.ts";
export type * from "./run/evaluations.ts";
export type { Health, StartLook } from "./run/health.ts";
export {
  type Better,
  CHANGES,
  INDICATORS,
  type Indicator,
  type IndicatorAbout,
  type IndicatorName,
  type Indicators,
  type LookedAt,
} from "./run/indicators.ts";
export type { Gap } from "./run/metrics.ts";
export { type OpenSourceOptions, openSource } from "./run/open-source.ts";
export type { NearPicture, PicturedImage, PicturesMoment } from "./run/pictures-over-time.ts";
export { sharedNeighbours, withoutSelf } from "./score/agreement.ts";
export { alignmentRatio, alignmentRatioWithin, alignments, uniformity } from "./score/alignment.ts";
export type { Resampling } from "./score/bootstrap.ts";
export {
  adjustedRand,
  clusterLearnability,
  neighbourRatios,
  stabilityAcrossHalves,
  stabilityAcrossSeeds,
} from "./score/clusters.ts";
export { type KnnSettings, type Neighbours, nearest, vote } from "./score/knn.ts";
export { lidar } from "./score/lidar.ts";
export { judge, type Metrics, topK } from "./score/metrics.ts";
export { type Difference, type Estimate, PairedSequence } from "./score/paired-sequence.ts";
export { linearPrediction } from "./score/pretext.ts";
export { alphaReq, rankMe } from "./score/spectrum.ts";
export { alignmentOf, type Spread, spreadOf } from "./score/spread.ts";
export { isRefused, type Refusal, type Told, unusable } from "./score/told.ts";
export { viewHits } from "./score/view-retrieval.ts";
export {
  type Listeners,
  type Pretrained,
  type PretrainRequest,
  pretrain,
  type StopSources,
  type TrainEvent,
} from "./train/pretrain.ts";
export type { ProgressStream } from "./train/progress.ts";
export { joinRanks, RankGroup } from "./train/rank-group.ts";
export type { Ranks } from "./train/ranks.ts";
export { ranksFromEnv } from "./train/ranks-env.ts";
