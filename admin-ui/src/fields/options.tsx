import { Alert } from "@mantine/core";
import type { ComponentType } from "react";
import type { FieldKind, FieldOf } from "@/api/schema";
import { t } from "@/i18n";
import { AutodateOptions, DateOptions } from "./date/options";
import { EditorOptions } from "./editor/options";
import { FileOptions } from "./file/options";
import { JsonOptions } from "./json/options";
import { NumberOptions } from "./number/options";
import type { OptionsProps } from "./options-props";
import { PasswordOptions } from "./password/options";
import { RelationOptions } from "./relation/options";
import { SelectOptions } from "./select/options";
import { DomainOptions, TextOptions } from "./text/options";

const none = () => null;

const options: { [K in FieldKind]: ComponentType<OptionsProps<FieldOf<K>>> } = {
  text: TextOptions,
  editor: EditorOptions,
  number: NumberOptions,
  bool: none,
  email: DomainOptions,
  url: DomainOptions,
  date: DateOptions,
  autodate: AutodateOptions,
  select: SelectOptions,
  file: FileOptions,
  relation: RelationOptions,
  json: JsonOptions,
  geoPoint: none,
  password: PasswordOptions,
};

/** The options that only this kind of field has. */
export function FieldOptions(props: OptionsProps) {
  const Options = options[props.field.type] as ComponentType<OptionsProps> | undefined;
  if (!Options) return <Alert color="yellow">{t("This dashboard does not know the kind {kind}.", { kind: String(props.field.type) })}</Alert>;
  return <Options {...props} />;
}
