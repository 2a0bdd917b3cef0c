// For torchvision: a state dict under its own names, which are ours. Safetensors, since a .pth is a pickle, which can run code.
import { saveSafetensors } from "@unlabel/torch";
import type { Encoder } from "../../encoders/encoder.ts";
import type { ExportFacts } from "../facts.ts";
import type { OutFile } from "../folder.ts";

/** What torchvision takes: `load_state_dict(load_file("model.safetensors"))` of a ResNet without its classifier. */
export function torchvisionFiles(encoder: Encoder, _facts: ExportFacts): OutFile[] {
  const write = (to: string) => saveSafetensors(to, encoder.stateDict(), { format: "pt" });
  return [{ path: "model.safetensors", write }];
}
