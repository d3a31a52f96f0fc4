import { TextInput, type TextInputProps } from "@mantine/core";

interface Props extends Omit<TextInputProps, "value" | "onChange" | "type"> {
  value: number | null | undefined;
  onChange: (value: number | null) => void;
  /** Shows an empty box for zero, where zero means "no limit". */
  zeroIsNone?: boolean;
}

/** A number that may be left out. */
export function NumberBox({ value, onChange, zeroIsNone = false, ...rest }: Props) {
  const shown = value === null || value === undefined || (zeroIsNone && value === 0) ? "" : String(value);
  return (
    <TextInput
      type="number"
      inputMode="decimal"
      step="any"
      {...rest}
      value={shown}
      onChange={({ currentTarget: { value: text } }) => onChange(text === "" ? (zeroIsNone ? 0 : null) : Number(text))}
    />
  );
}
