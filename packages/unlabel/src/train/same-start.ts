// All ranks begin with what rank 0 has: weights, running statistics, momentum copies and queues, what the optimizer remembers, and LibTorch's
// random generator. Rank 0 alone reads a checkpoint, so that others need not see its files.
import { distributed, getRngState, noGrad, scope, setRngState, type Tensor, zeros } from "@unlabel/torch";
import type { Trained } from "./checkpoint.ts";
import type { RankGroup } from "./rank-group.ts";

/** What is known of a tensor before it comes. */
interface Shape {
  name: string;
  shape: number[];
  dtype: Tensor["dtype"];
}

/**
 * Gives all ranks rank 0's state.
 *
 * @throws {UserError} on every rank where their methods are not alike: the first tensor that differs, and on which rank
 */
export async function sameStart(
  group: RankGroup,
  { method, optimizer, average, device, probe }: Trained,
): Promise<void> {
  if (!group.several) return;
  const state = { ...method.stateDict(), ...average?.stateDict() };
  await group.same({
    weights: Object.fromEntries(
      shapesOf(state).map(({ name, shape, dtype }) => [name, `${dtype} [${shape.join(", ")}]`]),
    ),
  });
  noGrad(() => {
    for (const tensor of new Set([...Object.values(state), ...Object.values(probe?.stateDict() ?? {})]))
      fromFirst(tensor);
  });
  // Before its first step an optimizer remembers nothing: the others hear of what there is.
  const own = optimizer.stateDict();
  const shapes = await group.fromFirst(() => shapesOf(own));
  scope(() =>
    noGrad(() => {
      const remembered: Record<string, Tensor> = {};
      for (const { name, shape, dtype } of shapes) {
        remembered[name] = group.first ? own[name]! : zeros(shape, { dtype, device });
        fromFirst(remembered[name]);
      }
      if (!group.first && shapes.length > 0) optimizer.loadStateDict(remembered);
      const generator = getRngState("cpu");
      fromFirst(generator);
      if (!group.first) setRngState(generator, "cpu");
    }),
  );
}

function shapesOf(state: Readonly<Record<string, Tensor>>): Shape[] {
  return Object.entries(state).map(([name, { shape, dtype }]) => ({ name, shape, dtype }));
}

function fromFirst(tensor: Tensor): void {
  distributed.broadcast(tensor, { src: 0 });
}
