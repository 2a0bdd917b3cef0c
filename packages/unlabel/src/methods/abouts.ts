// The methods as help and reports know them: those that come with unlabel, one line each, in the order in which people read of them,
// and those that a program or a plugin adds. Their definitions stand in list.ts; a test holds the two together.
import type { About } from "./about.ts";
import { about as barlow } from "./barlow/about.ts";
import { about as byol } from "./byol/about.ts";
import { about as dino } from "./dino/about.ts";
import { about as distill } from "./distill/about.ts";
import { about as ibot } from "./ibot/about.ts";
import { about as ijepa } from "./ijepa/about.ts";
import { about as lejepa } from "./lejepa/about.ts";
import { about as mae } from "./mae/about.ts";
import { about as mocov2 } from "./mocov2/about.ts";
import { about as mocov3 } from "./mocov3/about.ts";
import { about as nnclr } from "./nnclr/about.ts";
import { about as simclr } from "./simclr/about.ts";
import { about as simmim } from "./simmim/about.ts";
import { about as simsiam } from "./simsiam/about.ts";
import { about as swav } from "./swav/about.ts";
import { about as vicreg } from "./vicreg/about.ts";
import { about as visreg } from "./visreg/about.ts";

export const ABOUTS: readonly About[] = [
  simclr,
  byol,
  mae,
  vicreg,
  barlow,
  simsiam,
  nnclr,
  mocov3,
  swav,
  dino,
  mocov2,
  ibot,
  lejepa,
  visreg,
  simmim,
  ijepa,
  distill,
];

const added: About[] = [];

/** All that are known in this process. */
export function abouts(): readonly About[] {
  return [...ABOUTS, ...added];
}

/** Makes a method known to help and reports, until disposed of; registry.ts calls it. */
export function addAbout(about: About): Disposable {
  added.push(about);
  return { [Symbol.dispose]: () => void added.splice(added.indexOf(about), 1) };
}
