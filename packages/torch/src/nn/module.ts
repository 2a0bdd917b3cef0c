// Module: fields are the parameters. No registration: names of fields are the names of the state dict.
import { noGrad } from "../autograd.ts";
import type { Device, DType, MemoryFormat } from "../dtype.ts";
import { TorchError } from "../errors.ts";
import { handleOf, keep, scope } from "../handle.ts";
import { Tensor } from "../tensor.ts";

/** Named tensors, as a checkpoint holds them: `layer1.0.conv1.weight` and the like. */
export type StateDict = Record<string, Tensor>;

/** Makes a tensor a parameter: it outlives the scope it is made in and records gradients. */
export function parameter(value: Tensor): Tensor {
  return keep(value.isLeaf ? value : value.detach()).requiresGrad_();
}

/** Buffers that stay on the host, whatever device their module moves to. */
const onHost = new WeakSet<Tensor>();

/**
 * Makes a tensor part of a module's state without training it: running statistics, fixed position embeddings.
 *
 * @param options `host`: it stays on the CPU when its module moves to another device; for what is counted there. Default false
 */
export function buffer(value: Tensor, { host = false }: { host?: boolean } = {}): Tensor {
  const kept = keep(value.requiresGrad ? value.detach() : value);
  if (host) onHost.add(kept);
  return kept;
}

/**
 * A piece of a network. Every field that is a `Tensor`, a `Module` or an array of these belongs to its state dict under
 * the field's name; those with `requiresGrad` are its parameters. Subclasses write `forward`; callers use `call`.
 */
export abstract class Module<Args extends unknown[] = [Tensor], Out = Tensor> {
  /** Whether dropout drops and batch norm uses the batch's own statistics. Set by `train()` and `eval()`. */
  training = true;

  /** What the module computes; written by subclasses, and run by `call`. */
  abstract forward(...args: Args): Out;

  /** Runs `forward` in a scope: only what it returns, and what gradients need, lives on. */
  call(...args: Args): Out {
    return scope(() => this.forward(...args));
  }

  /** Tensors by name, parameters and buffers, depth first in the order of the fields. */
  *namedTensors(prefix = ""): Generator<[name: string, tensor: Tensor]> {
    for (const [name, field] of Object.entries(this)) yield* tensorsOf(field, `${prefix}${name}`);
  }

  /** What is trained: tensors with `requiresGrad`; one that stands under two names comes once, under the first. */
  namedParameters(): [name: string, parameter: Tensor][] {
    const seen = new Set<Tensor>();
    return [...this.namedTensors()].filter(([, tensor]) => {
      const first = !seen.has(tensor);
      seen.add(tensor);
      return first && tensor.requiresGrad;
    });
  }

  /** What is trained, each tensor once. */
  parameters(): Tensor[] {
    return this.namedParameters().map(([, tensor]) => tensor);
  }

  /** All modules beneath this one, itself first. */
  *modules(): Generator<Module<never, unknown>> {
    yield this;
    for (const field of Object.values(this)) yield* modulesOf(field);
  }

  /**
   * Buffers that a forward pass moves, such as running statistics: those of all modules in training beneath this one, itself
   * first. What a second pass over the same batch must put back.
   */
  *runningBuffers(): Generator<Tensor> {
    for (const module of this.modules()) if (module.training) yield* module.ownRunningBuffers();
  }

  /** Which of this module's own buffers its `forward` moves in training. A layer that has any overrides it. */
  protected ownRunningBuffers(): readonly Tensor[] {
    return [];
  }

  /** The live tensors themselves, not copies. */
  stateDict(): StateDict {
    return Object.fromEntries(this.namedTensors());
  }

  /**
   * Copies values in by name.
   * @param options `strict` (default) refuses names that are missing or unknown here
   * @returns the names that did not match
   * @throws {TorchError} naming the tensors that are missing, unknown or of another shape; nothing is changed then
   */
  loadStateDict(state: StateDict, options: { strict?: boolean } = {}): { missing: string[]; unexpected: string[] } {
    const { strict = true } = options;
    const own = this.stateDict();
    const missing = Object.keys(own).filter((name) => !Object.hasOwn(state, name));
    const unexpected = Object.keys(state).filter((name) => !Object.hasOwn(own, name));
    if (strict && missing.length + unexpected.length > 0) {
      const parts = [listed("missing", missing), listed("unexpected", unexpected)].filter(Boolean);
      throw new TorchError(`Expected the state dict of ${this.constructor.name}; ${parts.join("; ")}`, "loadStateDict");
    }
    const pairs = Object.entries(own).filter(([name]) => Object.hasOwn(state, name));
    for (const [name, tensor] of pairs) {
      handleOf(state[name], name, "loadStateDict");
      const [wanted, found] = [tensor.shape.join(", "), state[name]!.shape.join(", ")];
      if (wanted !== found) throw new TorchError(`Expected [${wanted}] for ${name}, got [${found}]`, "loadStateDict");
    }
    noGrad(() => {
      for (const [name, tensor] of pairs) tensor.copy_(state[name]!);
    });
    return { missing, unexpected };
  }

  /** Sets `training` of this module and all beneath it. */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode;
    return this;
  }

  /** `train(false)`: dropout passes everything, batch norm uses its running statistics. */
  eval(): this {
    return this.train(false);
  }

  /**
   * Moves parameters with their gradients, and buffers, in place; `dtype` applies to floating-point ones, `memoryFormat`
   * to 4-D ones. What is counted on the host, such as the batches that BatchNorm has seen, stays there.
   */
  to(options: { dtype?: DType; device?: Device; memoryFormat?: MemoryFormat }): this {
    const { dtype, device, memoryFormat } = options;
    scope(() =>
      noGrad(() => {
        for (const [, tensor] of this.namedTensors()) {
          // LibTorch has no such move: a tensor without values is another kind of tensor.
          if (device === "meta" && tensor.device !== "meta" && !onHost.has(tensor)) {
            throw new TorchError(
              `Expected a module that was made on the device meta, got one of ${tensor.device}; make it within withDevice("meta", …)`,
              this.constructor.name,
            );
          }
          const { grad } = tensor;
          const wanted = {
            ...(dtype && /float/.test(tensor.dtype) && { dtype }),
            ...(device && !onHost.has(tensor) && { device }),
            ...(memoryFormat && tensor.ndim === 4 && { memoryFormat }),
          };
          tensor.setData(tensor.detach().to(wanted));
          if (grad) tensor.grad = grad.to(wanted);
        }
      }),
    );
    return this;
  }

  /** Drops all gradients, also those of parameters that have been frozen since. */
  zeroGrad(): void {
    for (const [, tensor] of this.namedTensors()) if (tensor.requiresGrad || tensor.grad !== null) tensor.grad = null;
  }

  /** Frees all parameters and buffers. */
  dispose(): void {
    for (const [, tensor] of this.namedTensors()) tensor.dispose();
  }
}

function* tensorsOf(field: unknown, name: string): Generator<[string, Tensor]> {
  if (field instanceof Tensor) yield [name, field];
  else if (field instanceof Module) yield* field.namedTensors(`${name}.`);
  else if (Array.isArray(field)) for (const [i, item] of field.entries()) yield* tensorsOf(item, `${name}.${i}`);
}

function* modulesOf(field: unknown): Generator<Module<never, unknown>> {
  if (field instanceof Module) yield* field.modules();
  else if (Array.isArray(field)) for (const item of field) yield* modulesOf(item);
}

function listed(what: string, names: string[]): string {
  if (names.length === 0) return "";
  return `${what}: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;
}
