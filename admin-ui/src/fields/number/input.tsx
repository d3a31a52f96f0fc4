import { TextInput } from "@mantine/core";
import type { NumberField } from "@/api/schema";
import { type InputProps, labelled } from "../input-props";

export function NumberFieldInput(props: InputProps<NumberField>) {
  const { field, value, onChange } = props;
  return (
    <TextInput
      {...labelled(props)}
      type="number"
      inputMode={field.onlyInt ? "numeric" : "decimal"}
      step={field.onlyInt ? 1 : "any"}
      min={field.min ?? undefined}
      max={field.max ?? undefined}
      value={value === null || value === undefined ? "" : String(value)}
      onChange={({ currentTarget: { value: text } }) => onChange(text === "" ? null : Number(text))}
    />
  );
}
