// Encoders that are broken on purpose: nothing that could be taken for good is said of them, by any indicator.
import { cat, manualSeed, memory, ones, randn, type Tensor, zeros } from "@unlabel/torch";
import { expect, it } from "vitest";
import { alignmentRatio, alignments, uniformity } from "./alignment.ts";
import { clusterLearnability, neighbourRatios, stabilityAcrossHalves, stabilityAcrossSeeds } from "./clusters.ts";
import { lidar } from "./lidar.ts";
import { linearPrediction } from "./pretext.ts";
import { alphaReq, rankMe } from "./spectrum.ts";
import { isRefused, unusable } from "./told.ts";
import { viewHits } from "./view-retrieval.ts";

const [COUNT, DIM] = [64, 16];

/** All that is asked of features, by name. */
function all(features: Tensor): Record<string, unknown> {
  const labels = Int32Array.from({ length: COUNT }, (_, i) => i % 2);
  const groups = Int32Array.from({ length: COUNT }, (_, i) => i);
  return {
    rankMe: rankMe(features),
    alphaReq: alphaReq(features),
    lidar: lidar(features, 2),
    alignments: alignments(features, features),
    alignmentRatio: alignmentRatio(features, features),
    uniformity: uniformity(features, 0),
    viewHits: viewHits(features, features),
    linearPrediction: linearPrediction(features, labels, groups, 2, 0),
    clusterLearnability: clusterLearnability(features, 0),
    neighbourRatios: neighbourRatios(features),
    halves: stabilityAcrossHalves(features, 0),
    seeds: stabilityAcrossSeeds(features, 0),
  };
}

it("are refused in the same words by every indicator", () => {
  manualSeed(0);
  const nan = randn([COUNT, DIM]);
  nan.narrow(0, 3, 2).fill_(Number.NaN);
  const infinite = randn([COUNT, DIM]);
  infinite.select(0, 0).fill_(Number.POSITIVE_INFINITY);
  const collapsed = "the features of all images are alike: the encoder has collapsed, or the images are the same";
  const broken: [Tensor, string][] = [
    [zeros([COUNT, DIM]), "all features are zero"],
    [ones([COUNT, DIM]).mul(7), collapsed],
    // What rounding leaves of a constant.
    [
      ones([COUNT, DIM])
        .mul(1e3)
        .add(randn([COUNT, DIM]).mul(1e-4)),
      collapsed,
    ],
    [
      randn([1, DIM])
        .mul(1e-20)
        .add(ones([COUNT, DIM]).mul(1e-3)),
      collapsed,
    ],
    [nan, "features of 2 of 64 images are not finite"],
    [infinite, "features of 1 of 64 images are not finite"],
  ];
  const live = memory().liveTensors;
  for (const [features, refused] of broken) {
    for (const [name, told] of Object.entries(all(features))) expect([name, told]).toEqual([name, { refused }]);
  }
  expect(memory().liveTensors).toBe(live);
});

it("are not refused where features are small, large, or have a large mean", () => {
  manualSeed(1);
  for (const features of [
    randn([COUNT, DIM]).mul(1e-30),
    randn([COUNT, DIM]).mul(1e30),
    randn([COUNT, DIM]).add(100),
    cat([ones([COUNT, 1]).mul(50), randn([COUNT, DIM - 1])], 1),
  ]) {
    expect(unusable(features)).toBeNull();
    expect(isRefused(rankMe(features))).toBe(false);
  }
});

it("one image, and none, are too few", () => {
  expect(unusable(randn([1, 4]))).toEqual({ refused: "there is one image, and it takes two" });
  expect(unusable(zeros([0, 4]))).toEqual({ refused: "there are no images, and it takes two" });
});
