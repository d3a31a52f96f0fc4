import { ActionIcon, Button, Group, Input, Skeleton, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useCollections } from "@/api/collections";
import { loadByIds } from "@/api/records";
import { isMultiple, type RelationField } from "@/api/schema";
import { t } from "@/i18n";
import { link } from "@/lib/route";
import { moved } from "@/lib/text";
import { IconArrowUp, IconExternalLink, IconPencil, IconPlus, IconX } from "@/ui/icons";
import { type InputProps, labelled } from "../input-props";
import { useRecordOpener } from "../record-opener";
import classes from "./relation.module.css";
import { RelationPicker } from "./picker";
import { recordTitle } from "./summary";

const list = (value: unknown): string[] => (Array.isArray(value) ? value : value ? [value] : []).map(String);

/** The related records by their titles, and a picker for more. */
export function RelationFieldInput(props: InputProps<RelationField>) {
  const { field, value, onChange } = props;
  const ids = list(value);
  const multiple = isMultiple(field);
  const target = useCollections().find(field.collectionId);
  const [open, setOpen] = useState(false);
  const client = useQueryClient();
  const openRecord = useRecordOpener();
  const edit = (id: string) => target && openRecord?.(target, id, () => void client.invalidateQueries({ queryKey: ["related", target.id] }));
  const { data: rows = [], isLoading } = useQuery({
    queryKey: ["related", field.collectionId, ids],
    queryFn: () => loadByIds(field.collectionId, ids),
    enabled: ids.length > 0,
    placeholderData: (before) => before,
  });
  const give = (next: string[]) => onChange(multiple ? next : (next.at(-1) ?? ""));

  return (
    <Input.Wrapper {...labelled(props)} labelElement="div">
      <div className={classes["box"]}>
        {ids.map((id, at) => {
          const row = rows.find((each) => each.id === id);
          return (
            <Group key={id} gap={4} wrap="nowrap" className={classes["item"] ?? ""}>
              <span className={classes["title"]} title={id}>
                {row ? recordTitle(row, target) : isLoading ? <Skeleton height={14} width="40%" /> : id}
              </span>
              {multiple && at > 0 && (
                <ActionIcon size="sm" aria-label={t("Move up")} onClick={() => give(moved(ids, at, at - 1))}>
                  <IconArrowUp size={14} />
                </ActionIcon>
              )}
              {openRecord && target && target.type !== "view" && (
                <ActionIcon size="sm" aria-label={t("Edit {name}", { name: row ? recordTitle(row, target) : id })} onClick={() => edit(id)}>
                  <IconPencil size={14} />
                </ActionIcon>
              )}
              <ActionIcon size="sm" component="a" href={link("collections", { collection: target?.name, record: id })} target="_blank" aria-label={t("Open in a new tab")}>
                <IconExternalLink size={14} />
              </ActionIcon>
              <ActionIcon size="sm" aria-label={t("Remove {name}", { name: id })} onClick={() => give(ids.filter((each) => each !== id))}>
                <IconX size={14} />
              </ActionIcon>
            </Group>
          );
        })}
        <Group p={4} gap="xs">
          <Button size="compact-sm" variant="subtle" leftSection={<IconPlus size={15} />} onClick={() => setOpen(true)} disabled={!target}>
            {multiple ? t("Pick records") : ids.length > 0 ? t("Pick another record") : t("Pick a record")}
          </Button>
          <Text size="xs" c="dimmed">
            {t("from {name}", { name: target?.name ?? field.collectionId })}
          </Text>
        </Group>
      </div>
      {open && target && (
        <RelationPicker
          collection={target}
          chosen={ids}
          max={multiple ? field.maxSelect : 1}
          close={() => setOpen(false)}
          pick={(next) => {
            give(next);
            setOpen(false);
          }}
        />
      )}
    </Input.Wrapper>
  );
}
