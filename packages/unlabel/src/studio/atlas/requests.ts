// What the studio's server asks of the process that holds LibTorch. All of it can be sent from one process to another.
import type { CheckedTold, LabelTold, MapTold, MaskedTold, SearchTold } from "../messages/atlas.ts";

/** A picture: bytes that somebody gave, or one of the run's images by its number. */
export type Asked = { bytes: Uint8Array } | { image: number };

/** What a session is opened by. */
export interface LabelAsk {
  /** Images, as run.json names them. */
  root: string;
  /** Runs' real paths. */
  dirs: string[];
  /** A .csv inside the folders given. */
  file: string;
}

/** What can be asked, and what is answered. `dir` is a run's real path. */
export interface Requests {
  map: { ask: { dir: string }; answer: { told: MapTold; points: Uint8Array } };
  names: {
    ask: { dir: string; images: number[] };
    answer: { path: string; split: "train" | "val"; class: string | null }[];
  };
  thumbnails: { ask: { dir: string; images: number[]; edge: number }; answer: Uint8Array };
  picture: { ask: { dir: string; image: number }; answer: { bytes: Uint8Array; type: string } };
  search: { ask: { dir: string; asked: Asked; k: number }; answer: SearchTold };
  masked: { ask: { dir: string; asked: Asked; hidden: number[] | null }; answer: MaskedTold };
  check: { ask: { root: string }; answer: CheckedTold };
  checkedThumbnails: { ask: { root: string; images: number[]; edge: number }; answer: Uint8Array };
  labelOpen: { ask: LabelAsk; answer: LabelTold };
  /** An answer, or with `image` null the last one taken back. */
  labelAct: { ask: { id: string; at: number; image: number | null; label: string | null }; answer: LabelTold };
  /** Ends the session, whose file others may then have. */
  labelClose: { ask: { id: string }; answer: null };
  labelPicture: { ask: { id: string; image: number }; answer: { bytes: Uint8Array; type: string } };
}

export type Kind = keyof Requests;

/** To the process. */
export type ToWork = { id: number; kind: Kind; ask: unknown } | { id: number; cancel: true };

/** From it. `mine`: an error in words that are meant for people. */
export type FromWork =
  | { id: number; words: string; share: number | null }
  | { id: number; answer: unknown }
  | { id: number; error: string; mine: boolean };
