import { Switch } from "@mantine/core";
import type { BoolField } from "@/api/schema";
import { type InputProps, labelled } from "../input-props";

export function BoolFieldInput(props: InputProps<BoolField>) {
  const { label, description, error, name } = labelled(props);
  return <Switch label={label} description={description} error={error} name={name} checked={Boolean(props.value)} onChange={(event) => props.onChange(event.currentTarget.checked)} />;
}
