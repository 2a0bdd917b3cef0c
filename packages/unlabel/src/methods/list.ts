// The methods that come with unlabel: one line each, in the order of abouts.ts.
import { barlow } from "./barlow/method.ts";
import { byol } from "./byol/method.ts";
import type { MethodDefinition } from "./define.ts";
import { dino } from "./dino/method.ts";
import { distill } from "./distill/method.ts";
import { ibot } from "./ibot/method.ts";
import { ijepa } from "./ijepa/method.ts";
import { lejepa } from "./lejepa/method.ts";
import { mae } from "./mae/method.ts";
import { mocov2 } from "./mocov2/method.ts";
import { mocov3 } from "./mocov3/method.ts";
import { nnclr } from "./nnclr/method.ts";
import { simclr } from "./simclr/method.ts";
import { simmim } from "./simmim/method.ts";
import { simsiam } from "./simsiam/method.ts";
import { swav } from "./swav/method.ts";
import { vicreg } from "./vicreg/method.ts";
import { visreg } from "./visreg/method.ts";

export const METHODS: readonly MethodDefinition[] = [
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
