// copy.ts SECONDS: one thread copies a buffer too large for any cache, again and again: what memory gives to one core.
const seconds = Number(process.argv[2]);
const MB = 256;
const [from, to] = [Buffer.alloc(MB * 1e6, 1), Buffer.alloc(MB * 1e6, 2)];
const began = performance.now();
let copies = 0;
while (performance.now() - began < seconds * 1000) {
  from.copy(to);
  copies++;
}
// Read and written.
const gb = (2 * copies * MB) / 1e3;
process.stdout.write(`${JSON.stringify({ gb_per_s: gb / ((performance.now() - began) / 1000) })}\n`);
