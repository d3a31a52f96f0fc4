import { ActionIcon, Button, Checkbox, Group, Popover, ScrollArea, Stack, Tooltip } from "@mantine/core";
import { t } from "@/i18n";
import { kinds } from "@/fields/kinds";
import { IconArrowDown, IconArrowUp, IconColumns } from "@/ui/icons";
import type { Columns } from "./use-columns";

export function ColumnsMenu({ columns }: { columns: Columns }) {
  return (
    <Popover position="bottom-end" shadow="md" width={280} trapFocus>
      <Popover.Target>
        <Tooltip label={t("Columns")}>
          <ActionIcon size="lg" variant="default" aria-label={t("Columns")}>
            <IconColumns size={17} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <ScrollArea.Autosize mah={380}>
          <Stack gap={2}>
            {columns.all.map(({ field, visible }, at) => {
              const Mark = kinds[field.type].icon;
              const before = columns.all[at - 1];
              const after = columns.all[at + 1];
              return (
                <Group key={field.id} gap={4} wrap="nowrap" px={4}>
                  <Checkbox
                    flex={1}
                    size="xs"
                    py={4}
                    checked={visible}
                    onChange={() => columns.toggle(field.id)}
                    label={
                      <Group gap={6} wrap="nowrap">
                        <Mark size={14} aria-hidden /> {field.name}
                      </Group>
                    }
                  />
                  <ActionIcon size="xs" disabled={!before} aria-label={t("Move {name} to the left", { name: field.name })} onClick={() => before && columns.move(field.id, before.field.id)}>
                    <IconArrowUp size={13} />
                  </ActionIcon>
                  <ActionIcon size="xs" disabled={!after} aria-label={t("Move {name} to the right", { name: field.name })} onClick={() => after && columns.move(field.id, after.field.id)}>
                    <IconArrowDown size={13} />
                  </ActionIcon>
                </Group>
              );
            })}
          </Stack>
        </ScrollArea.Autosize>
        <Button variant="subtle" size="compact-sm" fullWidth mt="xs" onClick={columns.reset}>
          {t("As it was in the beginning")}
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}
