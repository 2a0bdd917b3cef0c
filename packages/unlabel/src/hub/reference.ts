// How a model on the Hugging Face hub is named where weights are asked for: `hub:ORG/NAME`, or `hub:ORG/NAME@REVISION`.
import { UsageError } from "../base/errors.ts";
import { visible } from "../base/text.ts";

/** A model on the hub. */
export interface HubReference {
  /** `ORG/NAME`. */
  repo: string;
  /** A branch, a tag or a commit; null for the main branch. */
  revision: string | null;
}

const PREFIX = "hub:";
/** As the hub itself has names: neither `..` nor `--`, and no dot or dash at an end. */
const PART = /^(?!.*(?:--|\.\.))[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/;
/** What Git allows, as far as anybody uses it. */
const REVISION = /^(?!.*\.\.)(?![/.-])[A-Za-z0-9._/+-]{1,200}$/;

/** Whether a text names a model on the hub; a folder of such a name is `./hub:…`. */
export function isHub(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** @throws {UsageError} for a name that the hub cannot have */
export function hubReference(text: string): HubReference {
  const [repo = "", ...rest] = text.slice(PREFIX.length).split("@");
  const revision = rest.length === 0 ? null : rest.join("@");
  const parts = repo.split("/");
  if (parts.length !== 2 || !parts.every((part) => PART.test(part))) {
    throw new UsageError(`Expected hub:ORG/NAME, as in hub:facebook/dinov2-small, got ${visible(text)}`);
  }
  if (revision !== null && !REVISION.test(revision)) {
    throw new UsageError(`Expected a branch, a tag or a commit after @, got ${visible(text)}`);
  }
  return { repo, revision };
}

/** Whether a revision can mean nothing else tomorrow. */
export function isCommit(revision: string | null): revision is string {
  return revision !== null && /^[0-9a-f]{40}$/.test(revision);
}

/** How a model is named so that it stays the same: with its commit. */
export function pinned({ repo }: Pick<HubReference, "repo">, commit: string): string {
  return `${PREFIX}${repo}@${commit}`;
}

/** Whether `asked` may name what `kept`, a name with its commit, names: the same model, and no other commit. */
export function isSameModel(asked: string, kept: string): boolean {
  const [one, other] = [hubReference(asked), hubReference(kept)];
  return one.repo === other.repo && (!isCommit(one.revision) || one.revision === other.revision);
}
