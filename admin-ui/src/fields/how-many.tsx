import { Group, Input, SegmentedControl } from "@mantine/core";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";

const MANY_MAX = 2147483647;

interface Props {
  maxSelect: number;
  /** How many are allowed when "several" is chosen first. */
  several: number;
  set: (maxSelect: number) => void;
  error: string | undefined;
}

/** One value or several, and how many at most. */
export function HowMany({ maxSelect, several, set, error }: Props) {
  const many = maxSelect > 1;
  return (
    <Group align="flex-end" gap="sm">
      <Input.Wrapper label={t("Values")} labelElement="div">
        <div>
          <SegmentedControl
            size="sm"
            aria-label={t("Values")}
            value={many ? "many" : "one"}
            onChange={(value) => set(value === "many" ? Math.max(several, 2) : 1)}
            data={[
              { value: "one", label: t("One") },
              { value: "many", label: t("Several") },
            ]}
          />
        </div>
      </Input.Wrapper>
      {many && <NumberBox label={t("At most")} w={110} min={2} max={MANY_MAX} value={maxSelect} onChange={(value) => set(value ?? 2)} error={error} />}
    </Group>
  );
}
