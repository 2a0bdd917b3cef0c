// Random numbers that a seed repeats: a kill or a mutation that found something must be found again.
/** mulberry32. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return (from, to) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return from + Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * (to - from + 1));
  };
}
//# sourceMappingURL=random.js.map
