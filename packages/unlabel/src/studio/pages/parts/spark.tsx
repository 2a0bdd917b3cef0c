// A curve without axes, as large as a word.
interface Props {
  values: readonly number[];
  width?: number;
  height?: number;
}

export function Spark({ values, width = 68, height = 20 }: Props) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (i: number) => (values.length < 2 ? width / 2 : (i / (values.length - 1)) * (width - 4) + 2);
  const y = (value: number) => (high === low ? height / 2 : height - 2 - ((value - low) / (high - low)) * (height - 4));
  const d = values.map((value, i) => `${i === 0 ? "M" : "L"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const last = values.length - 1;
  return (
    <svg class="spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {values.length > 1 && <path d={d} />}
      {values.length > 0 && <circle cx={x(last)} cy={y(values[last]!)} r="1.8" />}
    </svg>
  );
}
