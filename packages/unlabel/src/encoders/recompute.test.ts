import { memory, nn, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { recomputing, throughBlocks } from "./recompute.ts";

class Residual extends nn.Module {
  linear = new nn.Linear(8, 8);
  norm = new nn.BatchNorm1d(8);
  override forward(x: Tensor): Tensor {
    return x.add(this.norm.call(this.linear.call(x)));
  }
}

/** Some blocks, and a teacher that is not trained, whose outputs they learn to give. */
class Student extends nn.Module {
  blocks = [new Residual(), new Residual()];
  teacher: nn.Module[];
  constructor(teacher: number) {
    super();
    this.teacher = Array.from({ length: teacher }, () => new nn.Sequential(new Residual(), new nn.Linear(8, 8)));
    for (const module of this.teacher) for (const parameter of module.parameters()) parameter.requiresGrad_(false);
  }
  override forward(x: Tensor): Tensor {
    return throughBlocks(x.mul(1), this.blocks).sub(noGrad(() => throughBlocks(x, this.teacher)));
  }
}

/** Tensors alive beside the module's own, as each block is computed again. */
function alive(net: Student, x: Tensor): number[] {
  const own = [...net.namedTensors()].length;
  const found: number[] = [];
  scope(() =>
    recomputing(
      net,
      () => net.call(x).square().sum(),
      (loss) => loss.backward(),
      (body) => {
        found.push(memory().liveTensors - own);
        return body();
      },
    ),
  );
  net.zeroGrad();
  return found;
}

describe("recomputing", () => {
  it("copies no teacher's weights, and keeps nothing of its forward pass", () => {
    scope(() => {
      const x = randn([4, 8]);
      const teacher = (count: number) => {
        const net = new Student(count);
        for (const module of net.teacher) module.eval();
        alive(net, x);
        const before = memory().liveTensors - [...net.namedTensors()].length;
        const found = alive(net, x).map((count) => count - before);
        net.dispose();
        return found;
      };
      const none = teacher(0);
      expect(none).toHaveLength(2);
      expect(teacher(20)).toEqual(none);
    });
  });

  it("moves running statistics once, a teacher's in training too", () => {
    scope(() => {
      const x = randn([4, 8]);
      const net = new Student(2);
      alive(net, x);
      const counts = Object.entries(net.stateDict()).filter(([name]) => name.endsWith("num_batches_tracked"));
      expect(counts).toHaveLength(4);
      for (const [name, count] of counts) expect(count.item(), name).toBe(1);
      net.dispose();
    });
  });
});
