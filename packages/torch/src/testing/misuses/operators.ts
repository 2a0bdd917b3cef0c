// Unknown operators, and shapes and values that LibTorch refuses.
import {
  call,
  conv2d,
  eye,
  groupNorm,
  layerNorm,
  randint,
  scaledDotProductAttention,
  schemaOf,
  tensor,
  zeros,
} from "../../index.ts";
import { image, kernel, type Misuse, small, throwing, untyped } from "./values.ts";

export const operatorMisuses: Misuse[] = [
  // operators
  { what: "an unknown operator", message: /no operator "aten::no_such"/, run: () => call("aten::no_such", []) },
  { what: "an unknown overload", message: /no operator "aten::add.None"/, run: () => schemaOf("aten::add.None") },
  { what: "an empty name", message: /no operator ""/, run: () => call("", []) },
  {
    what: "a symbol for a name",
    message: /an operator's name, got a symbol/,
    run: () => call(untyped(Symbol("s")), []),
  },
  {
    what: "too many arguments",
    message: /aten::relu: .*at most 1 arguments, got 2/,
    run: () => call("aten::relu", [small(), 1]),
  },
  {
    what: "too few arguments",
    message: /aten::matmul: .*other, got undefined/,
    run: () => call("aten::matmul", [small()]),
  },
  {
    what: "no arguments at all",
    message: /aten::relu: .*an array of arguments, got null/,
    run: () => call("aten::relu", untyped(null)),
  },
  {
    what: "arguments with a getter that throws",
    message: /aten::relu: getter/,
    run: () => call("aten::relu", throwing(0, [1])),
  },
  // shapes and values that LibTorch refuses
  {
    what: "shapes that do not match",
    message: /aten::matmul: .*self float32\[2\]; other float32\[3\]/s,
    run: () => small().matmul(zeros([3])),
  },
  {
    what: "a dtype that an operator lacks",
    message: /aten::matmul/,
    run: () => small().matmul(zeros([2], { dtype: "int64" })),
  },
  {
    what: "an index out of range",
    message: /aten::index_select/,
    run: () => small().indexSelect(0, tensor([5], { dtype: "int64" })),
  },
  {
    what: "a gather out of range",
    message: /aten::gather/,
    run: () => small().gather(0, tensor([-7], { dtype: "int64" })),
  },
  {
    what: "a class out of range",
    message: /aten::cross_entropy_loss/,
    run: () => zeros([1, 3]).crossEntropyLoss(tensor([9], { dtype: "int64" })),
  },
  {
    what: "a negative class to one_hot",
    message: /aten::one_hot/,
    run: () => tensor([-1], { dtype: "int64" }).oneHot(3),
  },
  {
    what: "a negative value to bincount",
    message: /aten::bincount/,
    run: () => tensor([-1], { dtype: "int64" }).bincount(),
  },
  {
    what: "a whole division by zero",
    message: /aten::floor_divide|aten::div/,
    run: () => tensor([1], { dtype: "int64" }).floorDivide(tensor([0], { dtype: "int64" })),
  },
  {
    what: "a remainder by zero",
    message: /aten::remainder/,
    run: () => tensor([1], { dtype: "int64" }).remainder(tensor([0], { dtype: "int64" })),
  },
  { what: "a stride of zero", message: /aten::conv2d/, run: () => conv2d(image(), kernel(), null, 0) },
  { what: "a negative stride", message: /aten::conv2d/, run: () => conv2d(image(), kernel(), null, -1) },
  { what: "zero groups", message: /aten::conv2d/, run: () => conv2d(image(), kernel(), null, 1, 0, 1, 0) },
  { what: "a negative dilation", message: /aten::conv2d/, run: () => conv2d(image(), kernel(), null, 1, 0, -1) },
  { what: "a kernel larger than the image", message: /aten::conv2d/, run: () => conv2d(image(), zeros([2, 2, 9, 9])) },
  { what: "a pooling kernel of zero", message: /aten::max_pool2d/, run: () => image().maxPool2d(0) },
  { what: "a pooling stride of zero", message: /aten::max_pool2d/, run: () => image().maxPool2d(2, 0) },
  { what: "an average pooling kernel of zero", message: /aten::avg_pool2d/, run: () => image().avgPool2d(0) },
  {
    what: "a negative output to adaptive pooling",
    message: /aten::adaptive_avg_pool2d/,
    run: () => image().adaptiveAvgPool2d(-1),
  },
  { what: "zero groups to normalise", message: /aten::group_norm/, run: () => groupNorm(image(), 0) },
  { what: "another shape to normalise", message: /aten::layer_norm/, run: () => layerNorm(small(), [3]) },
  {
    what: "a size of zero to resize",
    message: /aten::upsample_bilinear2d/,
    run: () => image().upsampleBilinear2d([0, 1], false),
  },
  {
    what: "attention over unlike batches",
    message: /aten::scaled_dot_product_attention/,
    run: () => scaledDotProductAttention(zeros([2, 1, 3, 4]), zeros([3, 1, 3, 4]), zeros([3, 1, 3, 4])),
  },
  { what: "a split of zero", message: /aten::split/, run: () => small().split(untyped(-1)) },
  { what: "zero chunks", message: /aten::chunk/, run: () => small().chunk(0) },
  { what: "more than there is to topk", message: /aten::topk/, run: () => small().topk(5) },
  { what: "a negative identity", message: /aten::eye/, run: () => eye(-1) },
  { what: "an empty range of random integers", message: /aten::randint/, run: () => randint(3, 3, [2]) },
  { what: "the mean of integers", message: /aten::mean/, run: () => tensor([1], { dtype: "int64" }).mean() },
  { what: "the largest of none", message: /aten::amax/, run: () => zeros([0]).amax() },
  { what: "a tile past memory", message: /aten::repeat/, run: () => small().repeat([2 ** 50]) },
  {
    what: "strides past the end",
    message: /aten::as_strided/,
    run: () => call("aten::as_strided", [small(), [100], [1]]),
  },
  { what: "item() of two", message: /aten::item/, run: () => small().item() },
  {
    what: "a diagonal at the smallest int",
    message: /aten::diagonal/,
    run: () => zeros([2, 2]).diagonal(untyped(-(2n ** 63n)), 5),
  },
];
