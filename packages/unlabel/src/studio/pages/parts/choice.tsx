// One of few: a row of radio buttons that looks like one control.
import "./choice.css";

interface Props<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [value: T, words: string])[];
  onChange: (value: T) => void;
}

export function Choice<T extends string>({ label, value, options, onChange }: Props<T>) {
  const name = `choice-${label.toLowerCase().replace(/\W+/g, "-")}`;
  return (
    <fieldset class="choice">
      <legend class="heard">{label}</legend>
      {options.map(([one, words]) => (
        <label key={one}>
          <input type="radio" name={name} value={one} checked={one === value} onChange={() => onChange(one)} />
          <span>{words}</span>
        </label>
      ))}
    </fieldset>
  );
}
