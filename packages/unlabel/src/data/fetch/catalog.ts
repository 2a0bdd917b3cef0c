// Data sets that can be fetched by name, and the checksums of their archives.

import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../config/suggest.ts";

export interface Archive {
  name: string;
  url: string;
  md5: string;
  /** The one folder that the archive unpacks to. */
  folder: string;
  about: string;
}

const FASTAI = "https://s3.amazonaws.com/fast-ai-imageclas";
const TORONTO = "https://www.cs.toronto.edu/~kriz";

// Checksums as torchvision's datasets have them (imagenette.py), and CIFAR's own page.
export const CATALOG: readonly Archive[] = [
  {
    name: "imagenette2-160",
    url: `${FASTAI}/imagenette2-160.tgz`,
    md5: "e793b78cc4c9e9a4ccc0c1155377a412",
    folder: "imagenette2-160",
    about: "Imagenette, short side 160 px, 10 classes",
  },
  {
    name: "imagenette2-320",
    url: `${FASTAI}/imagenette2-320.tgz`,
    md5: "3df6f0d01a2c9592104656642f5e78a3",
    folder: "imagenette2-320",
    about: "Imagenette, short side 320 px",
  },
  {
    name: "imagenette2",
    url: `${FASTAI}/imagenette2.tgz`,
    md5: "fe2fc210e6bb7c5664d602c3cd71e612",
    folder: "imagenette2",
    about: "Imagenette, full size",
  },
  {
    name: "cifar10",
    url: `${TORONTO}/cifar-10-binary.tar.gz`,
    md5: "c32a1d4ab5d03f1284b67883e8d87530",
    folder: "cifar-10-batches-bin",
    about: "CIFAR-10, 60,000 images of 32 px, 10 classes",
  },
  {
    name: "cifar100",
    url: `${TORONTO}/cifar-100-binary.tar.gz`,
    md5: "03b5dce01913d631647c71ecec9e9cb8",
    folder: "cifar-100-binary",
    about: "CIFAR-100, 100 classes",
  },
];

/** `imagenette` is the smallest of its kind. @throws {UsageError} where there is no such name */
export function archiveOf(name: string): Archive {
  const wanted = name === "imagenette" ? "imagenette2-160" : name;
  const found = CATALOG.find((archive) => archive.name === wanted);
  if (found) return found;
  const names = ["imagenette", ...CATALOG.map((archive) => archive.name)];
  const meant = nearest(name, names);
  throw new UsageError(
    `Expected the name of a data set that can be fetched (${names.join(", ")}), got ${name}${meant === null ? "" : `; did you mean ${meant}?`}`,
  );
}
