// What evaluation leaves in a run: eval/PROTOCOL.json, one file a protocol, and eval/pictures.json with its sprite.
// Types alone, so that whoever reads the files needs no engine.
import type { ClassName } from "../data/folder.ts";
import type { Indicator, IndicatorName, Indicators, LookedAt } from "./indicators.ts";

/**
 * All protocols; the first four work on features that are encoded once, the next two train the whole network, and the last looks at
 * images without their labels.
 */
export const PROTOCOLS = ["linear", "knn", "few-shot", "retrieval", "fine-tune", "supervised", "indicators"] as const;
/** A way to tell what features are worth. */
export type Protocol = (typeof PROTOCOLS)[number];

/** What `evaluate` runs on labelled images unless told otherwise. */
export const CHEAP_PROTOCOLS = ["linear", "knn", "few-shot", "retrieval"] as const satisfies readonly Protocol[];

/** What it runs on images without labels. */
export const UNLABELLED_PROTOCOLS = ["indicators"] as const satisfies readonly Protocol[];

/** Lower and upper end of a 95 % interval: bootstrap over the test images, over their files where several are tiles of one. */
export type Interval = [low: number, high: number];

/** Shares in [0, 1]. */
export interface MainMetrics {
  /** Accuracy: images whose class has the highest score. */
  top1: number;
  /** Macro-F1. */
  f1: number;
  /** Balanced accuracy: the mean of recall over the classes of the test images. */
  balanced: number;
}

/** How one class fared. All are shares in [0, 1], 0 where there is nothing to divide by. */
export interface ClassScore {
  /** Right among those predicted to be this class. */
  precision: number;
  /** Right among those that are this class. */
  recall: number;
  /** Harmonic mean of the two: 2PR / (P + R). */
  f1: number;
  /** Images of this class. */
  support: number;
}

/** How a classifier fared. */
export interface Score extends MainMetrics {
  /** Null where there are five classes or fewer, and every image would count as right. */
  top5: number | null;
  /** How each class fared, in the order of the labels. */
  per_class: (ClassScore & { name: string })[];
  /** 95 % intervals; absent in files from before they were kept. */
  interval?: Record<keyof MainMetrics, Interval>;
}

/** What every file begins with. */
export interface Header<P extends Protocol | "pictures"> {
  /** What was evaluated. */
  protocol: P;
  /** Where the test images come from. */
  split: LookedAt;
  /** What everything random follows from. */
  seed: number;
  /** Of the fifth of train that was held out to score on; null where the data has a val. Files of older versions lack it: it was `seed`. */
  split_seed?: number | null;
  /** The training step that the encoder was saved after. */
  step: number;
  /** Decay of the momentum average of its weights that was evaluated; absent where the weights are those of that step. */
  weights_average?: number;
  /** Of the images evaluated on. */
  fingerprint: string;
  /** Where they lay, as given. */
  data: string;
  /** Images that classifiers were fitted on. */
  train_images: number;
  /** Images that they were tested on. */
  val_images: number;
  /** The classes in the order of the labels. */
  classes: ClassName[];
  /** That it took. */
  seconds: number;
  /** What a reader of the numbers should know. */
  notes: string[];
}

const LABELS_OF = "labels are those of ";

/** The note on scores by the labels of a file, which need not be the images' own. */
export function labelsNote(file: string): string {
  return `${LABELS_OF}${file}`;
}

/** The file that {@link labelsNote} names; undefined where scores are by the images' own labels. */
export function labelsFileIn(notes: readonly string[] | null | undefined): string | undefined {
  return notes?.find((note) => note.startsWith(LABELS_OF))?.slice(LABELS_OF.length);
}

/** By how much the trained encoder is right more often than another on the same images, in [−1, 1]. */
export interface Lead {
  /** Difference of the two accuracies. */
  top1: number;
  /** Where it is above 0, the trained encoder is better beyond the chance of the draw of test images. */
  interval: Interval;
}

/** What was predicted for each test image, compactly; predictions.ts packs and unpacks it. */
export interface Predictions {
  /** SHA-256 of the test images' names and classes, in their order: alike where the same images were scored. */
  images: string;
  /** Of tiles: how many of the test images, in their order, are of each file. Absent where each is a file by itself. */
  files?: number[];
  /** Their true classes. */
  labels: string;
  /** Classes by the trained encoder's features. */
  trained: string;
  /** Classes by features of the encoder before pretraining. */
  untrained?: string;
  /** Classes by the images' pixels. */
  pixels?: string;
}

/** A classifier's score, beside the same on what needed no training. */
export interface Scored extends Score {
  /** `confusion[t][p]`: images of class t predicted to be class p. */
  confusion: number[][];
  /** Always the most frequent class of train. */
  majority: Score;
  /** Absent in files of older versions. */
  predictions?: Predictions;
}

/** The same classifier on the features of the untrained encoder, and on raw pixels. */
export interface Beside<S extends Score> {
  /** On features of the encoder before pretraining. */
  untrained: S;
  /** On the images' pixels, where that was asked for. */
  pixels?: S;
  /** How far the trained encoder is ahead of each. */
  lead: { untrained: Lead; pixels?: Lead };
}

/** Settings that all protocols on features share. */
export interface FeatureSettings {
  /** Edge in pixels of the images encoded. */
  size: number;
  /** Images that were encoded for all protocols of the call together: each once, whatever the number of epochs. */
  encoded: number;
}

/** The mean loss of each pass while a classifier or network is fitted. */
export type Curve = { epoch: number; loss: number }[];

/** A setting of the linear probe that was tried on images held out from train. */
export interface Tried {
  /** Null for L-BFGS, which has none. */
  lr: number | null;
  /** λ of the penalty. */
  weight_decay: number;
  /** Accuracy on the images held out, in [0, 1]. */
  top1: number;
}

/** A linear probe's score and how it came to be. */
export interface LinearScore extends Score {
  /** Peak learning rate; null for L-BFGS. */
  lr: number | null;
  /** λ of the penalty. */
  weight_decay: number;
}

/** eval/linear.json */
export interface LinearEvaluation extends Header<"linear">, Scored, LinearScore, Beside<LinearScore> {
  /** How the classifier was fitted. */
  solver: "sgd" | "lbfgs";
  /** Its loss, pass by pass. */
  curve: Curve;
  /** What was used, and what was tried to find it. */
  settings: FeatureSettings & {
    solver: "sgd" | "lbfgs";
    epochs: number;
    batch: number;
    momentum: number;
    lr: number | null;
    weight_decay: number;
    tried: Tried[];
  };
}

/** eval/knn.json */
export interface KnnEvaluation extends Header<"knn">, Scored, Beside<Score> {
  /** `k` is what was used: at most the number of training images. */
  settings: FeatureSettings & { k: number; temperature: number };
}

/** Mean over the draws. */
export interface FewShotScore extends MainMetrics {
  /** Standard deviation (n − 1) over the draws, where there are several. */
  std?: MainMetrics;
  /** 95 % intervals; absent in files from before they were kept. */
  interval?: Record<keyof MainMetrics, Interval>;
}

/** How classifiers fare with so many labels. */
export interface FewShotPoint {
  /** Of the training labels, in (0, 1]. */
  share: number;
  /** Labelled images in one draw. */
  images: number;
  /** How often that share was drawn anew. */
  draws: number;
  /** On the trained encoder's features. */
  trained: FewShotScore;
  /** On features of the encoder before pretraining. */
  untrained: FewShotScore;
  /** On the images' pixels, where that was asked for. */
  pixels?: FewShotScore;
}

/** eval/few-shot.json */
export interface FewShotEvaluation extends Header<"few-shot"> {
  /** `inverse_penalty` is C of the logistic regression. */
  settings: FeatureSettings & { shares: number[]; draws: number[]; inverse_penalty: number };
  /** One for each share of the labels. */
  points: FewShotPoint[];
  /** Always the most frequent class of train. */
  majority: Score;
}

/** Share of the queries with an image of their class among the k nearest, by k. */
export type Recall = Record<"1" | "5" | "10", number>;

/** eval/retrieval.json */
export interface RetrievalEvaluation extends Header<"retrieval"> {
  /** Each image of `queries` looks for its nearest in `gallery`. */
  settings: FeatureSettings & { queries: "val"; gallery: "train" };
  /** Of the trained encoder. */
  recall: Recall;
  /** 95 % intervals of the trained encoder's. */
  interval: Record<keyof Recall, Interval>;
  /** Of the encoder before pretraining. */
  untrained: Recall;
  /** Of the images' pixels, where that was asked for. */
  pixels?: Recall;
  /** Expected of k images drawn at random. */
  chance: Recall;
}

/** Settings of training the whole network with labels. */
export interface NetworkSettings {
  /** Edge in pixels of the images. */
  size: number;
  /** Passes over the training images. */
  epochs: number;
  /** Images a step. */
  batch: number;
  /** Peak learning rate of the head and, in a ResNet, of everything. */
  lr: number;
  /** AdamW's. */
  weight_decay: number;
  /** Factor by which the learning rate falls from one block of a ViT to the one below it. */
  layer_decay: number;
}

/** eval/fine-tune.json */
export interface FineTuneEvaluation extends Header<"fine-tune">, Scored {
  /** What was used. */
  settings: NetworkSettings;
  /** The loss, pass by pass. */
  curve: Curve;
  /** The same network supervised from scratch, where that was asked for in the same call. */
  scratch?: Score;
}

/** eval/supervised.json: the same network from its untrained weights, with all labels. */
export interface SupervisedEvaluation extends Header<"supervised">, Scored {
  /** What was used. */
  settings: NetworkSettings;
  /** The loss, pass by pass. */
  curve: Curve;
}

/** How many images indicators look at, at most, and how many of these in several views. */
export interface IndicatorSize {
  /** As they are, from 1. */
  images: number;
  /** In several views; not more than `images`. */
  viewed: number;
}

/** eval/indicators.json */
export interface IndicatorsEvaluation extends Header<"indicators"> {
  /** What was looked at, and how. */
  settings: {
    /** Edge in pixels of the images. */
    size: number;
    /** Images that the trained encoder saw, views of one counted each. */
    encoded: number;
    /** Images looked at as they are. */
    images: number;
    /** Those of them that were looked at in several views. */
    viewed: number;
    /** Of views, halves, clusters: the same for all runs unless asked for otherwise. */
    seed: number;
    /** How many may be looked at: of a short training fewer, so that it takes at most a fifth of its time. Absent in older files. */
    budget?: IndicatorSize & {
      /** Whether these are fewer than there could be. */
      cut: boolean;
      /** A fifth of the training; null where its time is not known, or was not to count. */
      allowed_s: number | null;
      /** What was foretold; null likewise. */
      expected_s: number | null;
    };
  };
  /** Of the trained encoder. */
  trained: Indicators;
  /** Of the encoder before pretraining. */
  untrained: Indicators;
  /** Of the images' pixels, where that was asked for. */
  pixels?: Indicators;
  /** What an encoder that knows nothing comes to, where that is a number. */
  chance: Partial<Record<IndicatorName, number>>;
  /** Share of each image's nearest that the trained encoder has in common with another; `chance` is that of random ones. */
  agreement: { k: number; untrained: Indicator; pixels?: Indicator; chance: number };
  /** The nearest of each image by the trained encoder, so that runs can be set beside each other; absent where features are no good. */
  neighbours?: {
    /** SHA-256 of the images' names, in their order. */
    images: string;
    /** How many each has. */
    k: number;
    /** Their places among the images, base64 of two bytes each, the lower first. */
    indices: string;
  };
}

/** What one call of `evaluate` found, by protocol. */
export interface Evaluations {
  /** A linear classifier on frozen features. */
  linear?: LinearEvaluation;
  /** The vote of the nearest training images. */
  knn?: KnnEvaluation;
  /** Logistic regression with few labels. */
  "few-shot"?: FewShotEvaluation;
  /** Whether the nearest images are of the same class. */
  retrieval?: RetrievalEvaluation;
  /** The whole network trained on from pretraining. */
  "fine-tune"?: FineTuneEvaluation;
  /** The whole network trained from scratch. */
  supervised?: SupervisedEvaluation;
  /** What can be told without labels. */
  indicators?: IndicatorsEvaluation;
}

/** eval/pictures.json: what the features look like. A tile is the number of a square of the sprite, row by row. */
export interface EvaluationPictures extends Header<"pictures"> {
  /** Edge of a tile in pixels. */
  tile: 48;
  /** A file beside this one. */
  sprite: "pictures.jpg";
  /** Tiles in a row of the sprite. */
  columns: number;
  /** How many there are. */
  tiles: number;
  /** The classifier that `predicted`, `right` of the map and `confused` rest on; null where there are no labels, and none of these. */
  predicted_by: "linear" | "knn" | null;
  /** The features in two dimensions (UMAP, arXiv:1802.03426). */
  map: {
    /** x and y in [0, 1]; label and predicted index `classes`. */
    points: { tile: number; x: number; y: number; label?: number; predicted?: number }[];
    how: string;
    neighbours: number;
    min_dist: number;
    seed: number;
  };
  /** Images of val, each with its nearest of train by cosine similarity; without labels, those looked at by name and their nearest. */
  neighbours: {
    tile: number;
    label?: number;
    name?: string;
    found: { tile: number; label?: number; similarity: number; right?: boolean }[];
  }[];
  /** Clusters of those looked at, the largest first: how many images each has, and those nearest to its centre. None with labels. */
  clusters?: { size: number; tiles: number[] }[];
  /** Classes most often taken for another; `share` of the true class's images, `tiles` shows some of them. */
  confused: { truth: number; taken: number; images: number; share: number; tiles: number[] }[];
  /** Edge in pixels at which images were encoded. */
  settings: { size: number };
}
