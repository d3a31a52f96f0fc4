import type { Collection, Field } from "@/api/schema";

export interface OptionsProps<F extends Field = Field> {
  field: F;
  /** Sets some options of the field. */
  set: (change: Partial<F>) => void;
  error: (option: string) => string | undefined;
  /** All collections, for relations. */
  collections: Collection[];
  isNew: boolean;
}
