// Optimizer: parameter groups, their state, and the step that every optimizer shares.
import { noGrad } from "../autograd.ts";
import { describe, TorchError } from "../errors.ts";
import { handleOf, keep, scope } from "../handle.ts";
import type { StateDict } from "../nn/module.ts";
import { Tensor } from "../tensor.ts";

/** What every optimizer's groups have. */
export interface Hyperparameters {
  /** Learning rate; set it every step to follow a schedule. */
  lr: number;
  /** How strongly weights are drawn to zero, 0 or more; each optimizer says how it enters. */
  weightDecay: number;
}

/** Parameters that are trained with the same hyperparameters. */
export type Group<H> = H & { params: Tensor[] };

/** Parameters, or groups of them with hyperparameters of their own. */
export type Params<H> = Iterable<Tensor | (Partial<H> & { params: readonly Tensor[] })>;

/** What an optimizer remembers of one parameter. */
export type ParamState = Record<string, Tensor>;

/** Parameters in groups, what is remembered of each, and the step. Subclasses say how a step changes a parameter. */
export abstract class Optimizer<H extends Hyperparameters = Hyperparameters> {
  /** Change a group's `lr` and the like between steps as you wish. */
  readonly groups: Group<H>[];
  readonly #state = new Map<Tensor, ParamState>();

  /** @throws {TorchError} without parameters, for one given twice, one made by an operator, or something else */
  constructor(params: Params<H>, defaults: H) {
    const loose: Tensor[] = [];
    const groups: Group<H>[] = [];
    for (const item of this.#items(params, "params")) {
      if (item instanceof Tensor) loose.push(item);
      else groups.push({ ...defaults, ...item, params: [...this.#items(item?.params, "params of a group")] });
    }
    this.groups = loose.length > 0 ? [{ ...defaults, params: loose }, ...groups] : groups;
    for (const group of this.groups) this.check(group);
    const all = this.#params();
    if (all.length === 0) this.refuse("Expected parameters to train, got none");
    for (const param of all) handleOf(param, "params", this.constructor.name);
    if (new Set(all).size < all.length) this.refuse("Expected each parameter once, got one twice");
    const made = all.findIndex((param) => !param.isLeaf);
    if (made >= 0) this.refuse(`Expected leaves for params, got the result of an operator at ${made}`);
  }

  /** The first group's learning rate; setting it sets every group's. */
  get lr(): number {
    return this.groups[0]!.lr;
  }

  set lr(value: number) {
    for (const group of this.groups) group.lr = value;
  }

  /** Changes every parameter that has a gradient; those without are skipped and keep their state. */
  step(): void {
    scope(() =>
      noGrad(() => {
        for (const group of this.groups) {
          this.check(group);
          for (const { params, grads } of alike(group.params)) this.update(group, params, grads);
        }
      }),
    );
  }

  /** Drops the gradients of all parameters. */
  zeroGrad(): void {
    for (const param of this.#params()) param.grad = null;
  }

  /**
   * What is remembered of each parameter, as `0.exp_avg` and the like, numbered through all groups; fits into
   * `saveSafetensors`. Hyperparameters are not in it: they are the caller's, and schedules set them.
   */
  stateDict(): StateDict {
    const out: StateDict = {};
    for (const [i, param] of this.#params().entries()) {
      for (const [name, tensor] of Object.entries(this.#state.get(param) ?? {})) out[`${i}.${name}`] = tensor;
    }
    return out;
  }

  /**
   * Takes over the state of another optimizer of the same kind for the same parameters: training goes on bit for bit.
   * @throws {TorchError} naming what is missing, unknown or of another shape; nothing is changed then
   */
  loadStateDict(state: StateDict): void {
    const used = new Set<string>();
    const loaded = scope(() =>
      noGrad(() => {
        const out = new Map<Tensor, ParamState>();
        for (const [i, param] of this.#params().entries()) {
          const fresh = this.init(param);
          const names = Object.keys(fresh).filter((name) => Object.hasOwn(state, `${i}.${name}`));
          if (names.length === 0) continue;
          for (const [name, tensor] of Object.entries(fresh)) {
            const source = state[`${i}.${name}`];
            if (!source) this.refuse(`Expected ${i}.${name} beside ${i}.${names[0]} in the state, got none`);
            handleOf(source, `${i}.${name}`, this.constructor.name);
            const [wanted, found] = [tensor.shape.join(", "), source.shape.join(", ")];
            if (wanted !== found) this.refuse(`Expected [${wanted}] for ${i}.${name}, got [${found}]`);
            tensor.copy_(source);
            used.add(`${i}.${name}`);
          }
          out.set(param, fresh);
        }
        const unknown = Object.keys(state).find((name) => !used.has(name));
        if (unknown !== undefined) this.refuse(`Expected the state of ${this.constructor.name}, got ${unknown}`);
        return out;
      }),
    );
    this.dispose();
    for (const [param, own] of loaded) {
      Object.values(own).forEach(keep);
      this.#state.set(param, own);
    }
  }

  /** Frees the state; the next step starts afresh. */
  dispose(): void {
    for (const own of this.#state.values()) for (const tensor of Object.values(own)) tensor.dispose();
    this.#state.clear();
  }

  /** The state of a parameter before its first step. */
  protected abstract init(param: Tensor): ParamState;

  /** One step for parameters of one device and dtype. */
  protected abstract update(group: Group<H>, params: Tensor[], grads: Tensor[]): void;

  /** @throws {TorchError} for hyperparameters out of their range; called before every step */
  protected check(group: H): void {
    this.atLeastZero(group, "lr", "weightDecay");
  }

  protected atLeastZero<K extends string>(group: Record<K, number>, ...names: K[]): void {
    for (const name of names) this.inRange(group[name], name, Number.MAX_VALUE);
  }

  protected inRange(value: number, name: string, most: number): void {
    if (typeof value === "number" && value >= 0 && value <= most) return;
    const range = most === Number.MAX_VALUE ? "of 0 or more" : `from 0 to ${most}`;
    this.refuse(`Expected a number ${range} for ${name}, got ${describe(value)}`);
  }

  protected below(value: number, name: string, limit: number): void {
    if (typeof value === "number" && value >= 0 && value < limit) return;
    this.refuse(`Expected a number from 0 to below ${limit} for ${name}, got ${describe(value)}`);
  }

  /** The states of parameters, made on their first step. */
  protected states(params: Tensor[]): ParamState[] {
    return params.map((param) => {
      let own = this.#state.get(param);
      if (!own) {
        own = this.init(param);
        Object.values(own).forEach(keep);
        this.#state.set(param, own);
      }
      return own;
    });
  }

  #items<T>(list: Iterable<T>, name: string): Iterable<T> {
    if (typeof list === "object" && list !== null && Symbol.iterator in list) return list;
    return this.refuse(`Expected a list of tensors for ${name}, got ${describe(list)}`);
  }

  #params(): Tensor[] {
    return this.groups.flatMap((group) => group.params);
  }

  protected refuse(message: string): never {
    throw new TorchError(message, this.constructor.name);
  }
}

/** Parameters with gradients, in lists of one device and dtype, as the fused operators need them. */
function alike(params: readonly Tensor[]): Iterable<{ params: Tensor[]; grads: Tensor[] }> {
  const lists = new Map<string, { params: Tensor[]; grads: Tensor[] }>();
  for (const param of params) {
    const { grad } = param;
    if (!grad) continue;
    const key = `${param.device} ${param.dtype}`;
    const list = lists.get(key) ?? { params: [], grads: [] };
    lists.set(key, list);
    list.params.push(param);
    list.grads.push(grad);
  }
  return lists.values();
}
