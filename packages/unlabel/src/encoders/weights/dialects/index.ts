// All names that are known, family by family.
import { CONVNEXT_DIALECTS } from "./convnext.ts";
import type { Dialect } from "./dialect.ts";
import { RESNET_DIALECTS } from "./resnet.ts";
import { VIT_DIALECTS } from "./vit.ts";

/** Every program's names of every family. */
export const DIALECTS: readonly Dialect[] = [...VIT_DIALECTS, ...RESNET_DIALECTS, ...CONVNEXT_DIALECTS];
