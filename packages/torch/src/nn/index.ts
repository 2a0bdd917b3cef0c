// Layers and the containers that hold them.
export { buffer, Module, parameter, type StateDict } from "./module.ts";
