import type { Row } from "@/api/records";
import type { Collection, Field } from "@/api/schema";

/** What every input of a field gets. */
export interface InputProps<F extends Field = Field> {
  field: F;
  value: unknown;
  onChange: (value: unknown) => void;
  error: string | undefined;
  /** The record as the server has it; null while it is new. */
  record: Row | null;
  collection: Collection;
}

/** The label, the help and the error, as Mantine's inputs take them. */
export function labelled({ field, error }: Pick<InputProps, "field" | "error">) {
  return {
    label: field.name,
    description: field.help || undefined,
    withAsterisk: field.required ?? false,
    error,
    name: field.name,
  };
}
