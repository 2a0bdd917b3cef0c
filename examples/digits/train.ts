import { nn, optim, scope } from "@unlabel/torch";
import { digits } from "./digits.ts";

const { images, labels } = digits(1200); // [1200, 1, 8, 8] and [1200]
const features = new nn.Sequential(new nn.Conv2d(1, 16, 3), new nn.ReLU(), new nn.MaxPool2d(2), new nn.Flatten());
const net = new nn.Sequential(features, new nn.Linear(16 * 3 * 3, 10));
const optimizer = new optim.AdamW(net.parameters(), { lr: 0.01 });

for (let step = 0; step < 300; step++) {
  scope(() => {
    const batch = (step % 24) * 50;
    const loss = net.call(images.narrow(0, batch, 50)).crossEntropyLoss(labels.narrow(0, batch, 50));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  });
}
export const accuracy = scope(() => net.call(images).argmax(1).eq(labels).to({ dtype: "float32" }).mean().item());
console.log(`${(100 * accuracy).toFixed(1)} % of the digits recognised`);
