// One rank of distributed.test.ts: what it finds is printed as JSON.
import {
  arange,
  backward,
  distributed,
  full,
  grad,
  isGradEnabled,
  manualSeed,
  nn,
  noGrad,
  randn,
  setThreads,
  type Tensor,
  tensor,
  zeros,
} from "../index.ts";

const { getRank, getWorldSize } = distributed;
const [mode = "collectives"] = process.argv.slice(2);
setThreads(1);
const timeout = Number(process.env.TEST_TIMEOUT ?? 20);

const values = (t: Tensor) => t.to({ dtype: "float64" }).detach().toNumbers();
const distance = (a: Tensor, b: Tensor) =>
  a
    .detach()
    .to({ dtype: "float64" })
    .sub(b.detach().to({ dtype: "float64" }))
    .abs()
    .amax()
    .item();
const message = (body: () => unknown) => {
  try {
    body();
    return "no error";
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
};

function collectives() {
  const [rank, size] = [getRank(), getWorldSize()];
  const own = (dtype = "float32") => full([3], rank + 1, { dtype: dtype as "float32" });
  const reduced = Object.fromEntries(
    ["float32", "bfloat16", "float16", "float64", "int64", "int32"].map((dtype) => [
      dtype,
      values(distributed.allReduce(own(dtype))),
    ]),
  );
  const ops = Object.fromEntries(
    (["avg", "max", "min", "product"] as const).map((op) => [op, values(distributed.allReduce(own(), { op }))]),
  );
  // Rows that do not lie one after the other.
  const strided = arange(0, 6).to({ dtype: "float32" }).reshape([2, 3]).t();
  distributed.allReduce(strided);
  const works = [full([2], rank), full([2], 10 * rank)].map((t) => ({
    t,
    work: distributed.allReduce(t, { asyncOp: true, op: "avg" }),
  }));
  for (const { work } of works) work.wait();
  distributed.barrier();
  return {
    rank,
    size,
    backend: distributed.getBackend(),
    initialized: distributed.isInitialized(),
    reduced,
    ops,
    strided: values(strided),
    works: works.map(({ t }) => values(t)),
    twice: message(() => works[0]!.work.wait()),
    broadcast: values(distributed.broadcast(own(), { src: size - 1 })),
    gathered: distributed.allGather(own()).map(values),
    whole: values(distributed.allGatherIntoTensor(own().reshape([1, 3]))),
    scattered: values(distributed.reduceScatter(Array.from({ length: size }, (_, i) => own().add(i)))),
    largest: values(
      distributed.reduceScatterTensor(own().add(0).reshape([3, 1]).expand([3, size]).t().contiguous(), { op: "max" }),
    ),
  };
}

/** A batch of 2 · n rows that all ranks know, and this one's part of it. */
function shared(n: number, dim: number): { all: Tensor; own: Tensor } {
  manualSeed(5);
  const all = randn([n * getWorldSize(), dim]);
  return { all, own: all.narrow(0, n * getRank(), n).clone() };
}

function gradients() {
  const [rank, size] = [getRank(), getWorldSize()];
  const { all, own } = shared(4, 5);
  // Each rank weighs all rows by weights of its own: the gradient is the sum of all ranks' weights.
  own.requiresGrad_();
  const weight = (r: number) =>
    arange(0, 4 * size * 5)
      .to({ dtype: "float32" })
      .reshape([4 * size, 5])
      .mul(r + 1);
  const everything = distributed.allGatherIntoTensor(own);
  backward(everything.mul(weight(rank)).sum());
  const expected = weight((size * (size + 1)) / 2 - 1).narrow(0, 4 * rank, 4);
  // Two views of two images each: in one process's order.
  const rows = full([4, 1], rank);
  for (let i = 0; i < 4; i++) rows.select(0, i).fill_(10 * rank + i);
  rows.requiresGrad_();
  const ordered = distributed.gatherRows(rows, 2);
  const factors = arange(0, 4 * size)
    .to({ dtype: "float32" })
    .reshape([-1, 1]);
  backward(ordered.mul(factors).sum());
  return {
    forward: distance(everything, all),
    gradient: distance(own.grad!, expected),
    ordered: values(ordered),
    ownGradient: values(rows.grad!),
  };
}

/** BatchNorm over ranks, held against one process's on all of it: values, gradients and running statistics. */
function batchNorm() {
  const [rank, size] = [getRank(), getWorldSize()];
  const results: Record<string, number> = {};
  const layers = {
    features: { make: () => new nn.BatchNorm1d(6), shape: [4, 6] },
    plain: { make: () => new nn.BatchNorm1d(6, { affine: false }), shape: [4, 6] },
    untracked: { make: () => new nn.BatchNorm1d(6, { trackRunningStats: false }), shape: [4, 6] },
    maps: { make: () => new nn.BatchNorm2d(6), shape: [4, 6, 5, 3] },
    fused: { make: () => new nn.BatchNorm2d(6), shape: [4, 6, 5, 3], relu: true },
    // What autocast hands on: values in half precision, all else in float32.
    half: { make: () => new nn.BatchNorm2d(6), shape: [4, 6, 5, 3], dtype: "bfloat16" },
    halfPlain: { make: () => new nn.BatchNorm1d(6, { affine: false }), shape: [4, 6], dtype: "bfloat16" },
    halfFused: { make: () => new nn.BatchNorm2d(6), shape: [4, 6, 5, 3], relu: true, dtype: "bfloat16" },
  } as const;
  for (const [name, layer] of Object.entries(layers)) {
    const { make, shape } = layer;
    manualSeed(9);
    const dtype = "dtype" in layer ? layer.dtype : "float32";
    const all = randn([shape[0] * size, ...shape.slice(1)])
      .mul(3)
      .add(2)
      .to({ dtype });
    const pull = randn(all.shape);
    const of = (t: Tensor) => t.narrow(0, shape[0] * rank, shape[0]);
    const format = shape.length === 4 ? ("channels_last" as const) : ("contiguous" as const);
    const passed = (x: Tensor, weights: Tensor, sync: boolean) => {
      const norm = make();
      nn.syncBatchNorm(norm, sync);
      if (norm.weight) {
        noGrad(() => {
          norm.weight!.copy_(arange(1, 7));
          norm.bias!.copy_(arange(0, 6));
        });
      }
      const leaf = x.clone().to({ memoryFormat: format }).detach().requiresGrad_();
      const out = "relu" in layer ? (norm as nn.BatchNorm2d).relu(leaf) : norm.call(leaf);
      backward(out.mul(weights).sum());
      return { out, leaf, norm };
    };
    const one = passed(all, pull, false);
    const part = passed(of(all), of(pull), true);
    const summed = (t: Tensor | null | undefined) => t && distributed.allReduce(t.clone());
    results[`${name}.out`] = distance(part.out, of(one.out));
    results[`${name}.dx`] = distance(part.leaf.grad!, of(one.leaf.grad!));
    if (one.norm.weight) {
      results[`${name}.dw`] = distance(summed(part.norm.weight!.grad)!, one.norm.weight.grad!);
      results[`${name}.db`] = distance(summed(part.norm.bias!.grad)!, one.norm.bias!.grad!);
    }
    if (one.norm.running_mean) {
      results[`${name}.mean`] = distance(part.norm.running_mean!, one.norm.running_mean);
      results[`${name}.var`] = distance(part.norm.running_var!, one.norm.running_var!);
    }
  }
  return results;
}

function misuse() {
  const [rank, size] = [getRank(), getWorldSize()];
  const t = zeros([2]);
  return {
    shapes: message(() => distributed.allReduce(zeros([2 + rank]))),
    sameNumber: message(() => distributed.allGatherIntoTensor(zeros(rank === 0 ? [2, 3] : [3, 2]))),
    dtypes: message(() => distributed.allReduce(zeros([2], { dtype: rank === 0 ? "float32" : "float64" }))),
    calls: message(() => (rank === 0 ? distributed.allReduce(t) : distributed.broadcast(t))),
    ops: message(() => distributed.allReduce(t, { op: rank === 0 ? "sum" : "max" })),
    source: message(() => distributed.broadcast(t, { src: size })),
    op: message(() => distributed.allReduce(t, { op: "mean" as "sum" })),
    whole: message(() => distributed.allReduce(zeros([2], { dtype: "int64" }), { op: "avg" })),
    scalar: message(() => distributed.allGather(tensor(1))),
    shared: message(() => distributed.reduceScatterTensor(zeros([2 * size + 1]))),
    count: message(() => distributed.reduceScatter([t])),
    views: message(() => distributed.gatherRows(zeros([3]), 2)),
    ragged: message(() => distributed.gatherRows(zeros([rank === 0 ? 4 : 2, 3]), 2)),
    tensor: message(() => distributed.allReduce(3 as never)),
    second: message(() => distributed.gatherRows(t, 0)),
    derivative: message(() => {
      const norm = new nn.BatchNorm1d(2);
      nn.syncBatchNorm(norm);
      const x = randn([4, 2]).requiresGrad_();
      grad([norm.call(x).square().sum()], [x], { createGraph: true });
    }),
    // After all of that it works still.
    after: values(distributed.allReduce(full([1], 1))),
    recording: isGradEnabled(),
  };
}

async function lose() {
  const t = full([100_000], 1);
  distributed.allReduce(t);
  const last = getRank() === getWorldSize() - 1;
  if (last && process.argv[3] === "SIGKILL") process.kill(process.pid, "SIGKILL");
  if (last && process.argv[3] === "fail") {
    distributed.destroyProcessGroup("Expected something else");
    process.exit(3);
  }
  const began = performance.now();
  const first = message(() => distributed.allReduce(t));
  const seconds = (performance.now() - began) / 1000;
  return { first, seconds, again: message(() => distributed.barrier()) };
}

async function main() {
  const alone = { rank: getRank(), size: getWorldSize(), none: message(() => distributed.barrier()) };
  await distributed.initProcessGroup({ timeout });
  const bodies = { collectives, gradients, batchNorm, misuse, lose };
  const said =
    mode === "all"
      ? { alone, collectives: collectives(), gradients: gradients(), batchNorm: batchNorm(), misuse: misuse() }
      : await bodies[mode as keyof typeof bodies]();
  distributed.destroyProcessGroup();
  console.log(JSON.stringify(said));
}

main().catch((error: unknown) => {
  console.log(JSON.stringify({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }));
  process.exitCode = 1;
});
