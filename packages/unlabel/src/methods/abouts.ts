// The methods that come with unlabel, as help and reports know them: one line each, in the order in which people read of them. Their
// definitions stand in list.ts; a test holds the two together.
import type { About } from "./about.ts";
import { about as byol } from "./byol/about.ts";
import { about as mae } from "./mae/about.ts";
import { about as simclr } from "./simclr/about.ts";

export const ABOUTS: readonly About[] = [simclr, byol, mae];
