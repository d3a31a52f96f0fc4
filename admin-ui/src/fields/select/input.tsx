import { MultiSelect, Select } from "@mantine/core";
import { isMultiple, type SelectField } from "@/api/schema";
import { t } from "@/i18n";
import { type InputProps, labelled } from "../input-props";

const list = (value: unknown): string[] => (Array.isArray(value) ? value : value ? [value] : []).map(String);

export function SelectFieldInput(props: InputProps<SelectField>) {
  const { field, value, onChange } = props;
  // A value that the field no longer offers stays visible until it is replaced.
  const data = [...new Set([...(field.values ?? []), ...list(value)])];
  if (isMultiple(field)) {
    return (
      <MultiSelect
        {...labelled(props)}
        data={data}
        value={list(value)}
        onChange={onChange}
        maxValues={field.maxSelect}
        searchable
        clearable
        hidePickedOptions
        comboboxProps={{ shadow: "md" }}
        placeholder={t("Choose up to {count}", { count: field.maxSelect })}
      />
    );
  }
  return <Select {...labelled(props)} data={data} value={list(value)[0] ?? null} onChange={(next) => onChange(next ?? "")} searchable={data.length > 7} clearable={!field.required} placeholder={t("Choose")} />;
}
