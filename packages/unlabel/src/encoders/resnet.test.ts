import { join } from "node:path";
import { loadSafetensors, noGrad, randn, saveSafetensors, scope, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { formulaImages, formulaState, gradNorm, references, relativeError } from "../testing/reference.ts";
import { ARCHITECTURES } from "./facts.ts";
import { ResNet } from "./resnet.ts";

describe("ResNet", () => {
  it.each<[18 | 34 | 50, number, number]>([
    [18, 11_176_512, 512],
    [34, 21_284_672, 512],
    [50, 23_508_032, 2048],
  ])("%d has torchvision's names, shapes and %d parameters", (depth, parameters, dim) => {
    const net = new ResNet(ARCHITECTURES[`resnet${depth}`]);
    const shapes = Object.entries(net.stateDict()).map(([name, tensor]) => [name, tensor.shape.join(",")]);
    expect(shapes).toEqual(Object.entries(references.names[`resnet${depth}`]!));
    expect(net.parameters().reduce((sum, { numel }) => sum + numel, 0)).toBe(parameters);
    expect(net.dim).toBe(dim);
    net.dispose();
  });

  it.each(references.resnet)(
    "computes torchvision's features and gradients: ResNet-$depth, stem $stem, $size px",
    (reference) => {
      using folder = temporaryFolder();
      const path = join(folder.path, "weights.safetensors");
      scope(() => {
        const net = new ResNet(ARCHITECTURES[`resnet${reference.depth}`], { stem: reference.stem });
        saveSafetensors(path, formulaState(net.stateDict()));
        net.loadStateDict(loadSafetensors(path).tensors);
        net.eval();
        const images = formulaImages(2, reference.size);
        const features = noGrad(() => net.features(images));
        expect(relativeError(features, reference.features)).toBeLessThan(1e-5);
        // Trained in the layout that is fast.
        net.to({ memoryFormat: "channels_last" });
        const again = net.features(images.to({ memoryFormat: "channels_last" }));
        expect(relativeError(again, reference.features)).toBeLessThan(1e-5);
        again.square().mean().backward();
        expect(gradNorm(net) / reference.grad_norm).toBeCloseTo(1, 5);
        net.dispose();
      });
    },
  );

  it("keeps channels-last through all layers", () => {
    scope(() => {
      const net = new ResNet(ARCHITECTURES.resnet18).to({ memoryFormat: "channels_last" });
      const images = randn([2, 3, 64, 64]).to({ memoryFormat: "channels_last" });
      const map = net.layer1.call(net.conv1.call(images));
      expect(map.isContiguous("channels_last")).toBe(true);
    });
  });

  it("halves the map five times with the 7×7 stem, three times with the 3×3 one", () => {
    scope(() => {
      for (const [stem, side] of [
        ["7x7", 2],
        ["3x3", 8],
      ] as const) {
        const net = new ResNet(ARCHITECTURES.resnet18, { stem }).eval();
        let last = 0;
        const block = net.layer4[1]!;
        const forward = block.forward.bind(block);
        block.forward = (x) => {
          const out = forward(x);
          last = out.shape[3]!;
          return out;
        };
        expect(net.features(randn([1, 3, 64, 64])).shape).toEqual([1, 512]);
        expect(last).toBe(side);
      }
    });
  });

  it("can start with residual branches at zero, and does not by default", () => {
    const norms = (net: ResNet) =>
      Object.entries(net.stateDict())
        .filter(([name]) => /layer\d\.\d\.bn2\.weight/.test(name))
        .map(([, weight]) => weight.sum().item());
    expect(norms(new ResNet(ARCHITECTURES.resnet18, { zeroInitResidual: true })).every((sum) => sum === 0)).toBe(true);
    expect(norms(new ResNet(ARCHITECTURES.resnet18)).every((sum) => sum > 0)).toBe(true);
  });

  it("refuses a state dict of another depth and changes nothing", () => {
    const net = new ResNet(ARCHITECTURES.resnet18);
    const before = net.conv1.weight.toArray();
    expect(() => net.loadStateDict(new ResNet(ARCHITECTURES.resnet34).stateDict())).toThrow(
      /unexpected: layer1\.2\.conv1\.weight/,
    );
    const wrong = { ...net.stateDict(), "conv1.weight": zeros([64, 3, 3, 3]) };
    expect(() => net.loadStateDict(wrong)).toThrow("Expected [64, 3, 7, 7] for conv1.weight, got [64, 3, 3, 3]");
    expect(net.conv1.weight.toArray()).toEqual(before);
  });
});
