import { Textarea, TextInput } from "@mantine/core";
import type { EmailField, TextField, UrlField } from "@/api/schema";
import { t } from "@/i18n";
import { type InputProps, labelled } from "../input-props";

export function TextFieldInput(props: InputProps<TextField>) {
  const { field, value, onChange, record } = props;
  const generated = Boolean(field.autogeneratePattern) && !record;
  return (
    <Textarea
      {...labelled(props)}
      withAsterisk={Boolean(field.required) && !generated}
      value={String(value ?? "")}
      onChange={(event) => onChange(event.currentTarget.value)}
      disabled={field.primaryKey && record !== null}
      placeholder={generated ? t("Generated when left empty") : ""}
      spellCheck={!field.primaryKey}
      {...(field.max > 0 && { maxLength: field.max })}
    />
  );
}

export function EmailFieldInput(props: InputProps<EmailField>) {
  return <TextInput {...labelled(props)} type="email" autoComplete="off" value={String(props.value ?? "")} onChange={(event) => props.onChange(event.currentTarget.value)} />;
}

export function UrlFieldInput(props: InputProps<UrlField>) {
  return <TextInput {...labelled(props)} type="url" placeholder="https://" value={String(props.value ?? "")} onChange={(event) => props.onChange(event.currentTarget.value)} />;
}
