// Resident memory of a long run; the count of live tensors is held constant in optim.test.ts.
import { expect, it } from "vitest";
import { keep, manualSeed, memory, nn, optim, randn, scope, type Tensor } from "./index.ts";

it("keeps resident memory within 5 % over 200 steps of a small network", () => {
  manualSeed(0);
  const net = new nn.Sequential(
    new nn.Conv2d(3, 16, 3, { padding: 1 }),
    new nn.BatchNorm2d(16),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(16, 16, 3, { padding: 1 }),
    new nn.GELU(),
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Dropout(0.1),
    new nn.Linear(16, 10),
  );
  const optimizer = new optim.AdamW(net.parameters());
  const images = keep(randn([8, 3, 16, 16]));
  const step = () =>
    scope(() => {
      optimizer.zeroGrad();
      const loss: Tensor = net.call(images).square().mean();
      loss.backward();
      optimizer.step();
      return loss.item();
    });
  for (let i = 0; i < 50; i++) step();
  const { rssMb, liveTensors } = memory();
  for (let i = 0; i < 200; i++) step();
  expect(memory().liveTensors).toBe(liveTensors);
  // One leaked activation a step would be 200 · 0.13 MB.
  expect(memory().rssMb).toBeLessThan(rssMb * 1.05);
});
