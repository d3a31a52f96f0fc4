import type { ComponentType } from "react";
import type { FieldKind, FieldOf } from "@/api/schema";
import { BoolFieldInput } from "./bool/input";
import { AutodateFieldInput, DateFieldInput } from "./date/input";
import { EditorFieldInput } from "./editor/input";
import { FileFieldInput } from "./file/input";
import { GeoPointFieldInput } from "./geo/input";
import type { InputProps } from "./input-props";
import { JsonFieldInput } from "./json/input";
import { NumberFieldInput } from "./number/input";
import { PasswordFieldInput } from "./password/input";
import { RelationFieldInput } from "./relation/input";
import { SelectFieldInput } from "./select/input";
import { EmailFieldInput, TextFieldInput, UrlFieldInput } from "./text/input";

const inputs: { [K in FieldKind]: ComponentType<InputProps<FieldOf<K>>> } = {
  text: TextFieldInput,
  editor: EditorFieldInput,
  number: NumberFieldInput,
  bool: BoolFieldInput,
  email: EmailFieldInput,
  url: UrlFieldInput,
  date: DateFieldInput,
  autodate: AutodateFieldInput,
  select: SelectFieldInput,
  file: FileFieldInput,
  relation: RelationFieldInput,
  json: JsonFieldInput,
  geoPoint: GeoPointFieldInput,
  password: PasswordFieldInput,
};

/** The input for a value of this field, whatever its kind. */
export function FieldInput(props: InputProps) {
  const Input = inputs[props.field.type] as ComponentType<InputProps>;
  return <Input {...props} />;
}
