import { Button, Popover, SimpleGrid, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import type { FieldKind } from "@/api/schema";
import { FIELD_KINDS, kinds } from "@/fields/kinds";
import { t } from "@/i18n";
import { IconPlus } from "@/ui/icons";
import classes from "./fields.module.css";

export function AddField({ add }: { add: (kind: FieldKind) => void }) {
  const [open, setOpen] = useState(false);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" shadow="md" width={340} trapFocus>
      <Popover.Target>
        <Button variant="light" size="compact-md" leftSection={<IconPlus size={16} />} onClick={() => setOpen(!open)}>
          {t("Add a field")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        <SimpleGrid cols={2} spacing={2} verticalSpacing={2}>
          {FIELD_KINDS.map((kind) => {
            const { icon: Mark, label } = kinds[kind];
            return (
              <UnstyledButton
                key={kind}
                className={classes["kind"]}
                data-kind={kind}
                onClick={() => {
                  add(kind);
                  setOpen(false);
                }}
              >
                <Mark size={17} stroke={1.6} aria-hidden /> {label()}
              </UnstyledButton>
            );
          })}
        </SimpleGrid>
      </Popover.Dropdown>
    </Popover>
  );
}
