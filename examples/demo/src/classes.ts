// What the demo's classes are: Unicode's subcategories of emoji, merged until each class has enough drawings to be learnt.
// The merging goes by meaning alone and was done before any model was trained on it.

/** Class folder → subcategories of emoji.json. The five skin-tone swatches (Component) are left out. */
export const CLASSES: Record<string, string[]> = {
  face: [
    ...["face-smiling", "face-affection", "face-tongue", "face-hand", "face-neutral-skeptical", "face-sleepy"],
    ...["face-unwell", "face-hat", "face-glasses", "face-concerned", "face-negative", "face-costume"],
    ...["cat-face", "monkey-face"],
  ],
  emotion: ["heart", "emotion"],
  hand: [
    ...["hand-fingers-open", "hand-fingers-partial", "hand-single-finger", "hand-fingers-closed", "hands", "hand-prop"],
    ...["body-parts"],
  ],
  person: ["person", "person-gesture"],
  role: ["person-role", "person-fantasy"],
  movement: ["person-activity", "person-sport", "person-resting"],
  family: ["family", "person-symbol"],
  mammal: ["animal-mammal"],
  animal: ["animal-bird", "animal-amphibian", "animal-reptile", "animal-marine", "animal-bug"],
  plant: ["plant-flower", "plant-other", "food-fruit", "food-vegetable"],
  food: ["food-prepared", "food-asian", "food-sweet", "drink", "dishware"],
  place: ["place-map", "place-geographic", "place-building", "place-religious", "place-other", "hotel"],
  transport: ["transport-ground", "transport-water", "transport-air"],
  sky: ["sky & weather", "time"],
  leisure: ["event", "award-medal", "sport", "game", "arts & crafts"],
  clothing: ["clothing"],
  device: ["sound", "music", "musical-instrument", "phone", "computer", "light & video"],
  object: [
    ...["book-paper", "money", "mail", "writing", "office", "lock", "tool", "science", "medical", "household"],
    ...["other-object"],
  ],
  symbol: [
    ...["transport-sign", "warning", "arrow", "religion", "zodiac", "av-symbol", "gender", "math", "punctuation"],
    ...["currency", "other-symbol", "keycap", "alphanum", "geometric"],
  ],
  flag: ["flag", "country-flag", "subdivision-flag"],
};

/** Code points of man, woman and neutral adult, of boy, girl and neutral child: what a person emoji varies in. */
export const PEOPLE = new Set(["1F468", "1F469", "1F9D1", "1F466", "1F467", "1F9D2"]);

/** Code points that vary an emoji without changing what it shows: skin tones, gender signs, direction, presentation. */
export const VARIANTS = new Set([
  ...["1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"],
  ...["2640", "2642", "27A1", "FE0F", "200D"],
]);

/** Emoji whose kinship their code points do not tell: genders with code points of their own, and mirror images. */
export const KIN: string[][] = [
  ["1F474", "1F475", "1F9D3"], // old man, old woman, older adult
  ["1F478", "1F934", "1FAC5"], // princess, prince, person with crown
  ["1F385", "1F936", "P-1F384"], // Father, Mother and Mx Christmas
  ["1F57A", "1F483"], // man and woman dancing
  ["1F930", "1FAC3", "1FAC4"], // pregnant woman, man, person
  ["1F46B", "1F46C", "1F46D", "P-1F91D-P"], // two holding hands
  ["1F48F", "P-2764-1F48B-P"], // kiss
  ["1F491", "P-2764-P"], // couple with heart
  ["1F46A", "P-P", "P-P-P", "P-P-P-P"], // families
  ["1F935", "1F470"], // in a tuxedo, with a veil
  ["2196", "2197"], // arrows and players' buttons that one vendor draws by mirroring
  ["2198", "2199"],
  ["23E9", "23EA"],
  ["23ED", "23EE"],
  ["25B6", "25C0"],
];
