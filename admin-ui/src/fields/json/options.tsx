import type { JsonField } from "@/api/schema";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";
import type { OptionsProps } from "../options-props";

export function JsonOptions({ field, set, error }: OptionsProps<JsonField>) {
  return <NumberBox label={t("Largest size in bytes")} value={field.maxSize} zeroIsNone placeholder="1048576" maw={300} onChange={(maxSize) => set({ maxSize: maxSize ?? 0 })} error={error("maxSize")} />;
}
