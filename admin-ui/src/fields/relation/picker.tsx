import { ActionIcon, Button, Checkbox, Group, Modal, Radio, ScrollArea, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { listRecords, searchFilter } from "@/api/records";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import { IconPencil, IconPlus, IconSearch } from "@/ui/icons";
import { FailureNotice, ListLoading, Notice } from "@/ui/states";
import { useFocusBack } from "@/ui/use-focus-back";
import { useRecordOpener } from "../record-opener";
import classes from "./relation.module.css";
import { recordTitle } from "./summary";

interface Props {
  collection: Collection;
  chosen: string[];
  max: number;
  pick: (ids: string[]) => void;
  close: () => void;
}

const PER_PAGE = 50;

/** Finds records of another collection by what they contain. */
export function RelationPicker({ collection, chosen, max, pick, close }: Props) {
  useFocusBack();
  const opener = useRecordOpener();
  const [typed, setTyped] = useState("");
  const [term] = useDebouncedValue(typed, 200);
  const [ids, setIds] = useState(chosen);
  const filter = searchFilter(collection, term);
  const { data, error, isPending, fetchNextPage, hasNextPage, isFetchingNextPage, refetch } = useInfiniteQuery({
    queryKey: ["picker", collection.id, filter],
    queryFn: ({ pageParam }) => listRecords(collection.name, pageParam, { filter, sort: collection.type === "view" ? "" : "-@rowid", perPage: PER_PAGE }),
    initialPageParam: 1,
    getNextPageParam: (last, all) => (last.length === PER_PAGE ? all.length + 1 : undefined),
  });
  const rows = data?.pages.flat() ?? [];
  const single = max === 1;
  const toggle = (id: string) => {
    if (single) setIds([id]);
    else setIds(ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id].slice(0, max));
  };
  const Mark = single ? Radio : Checkbox;
  const client = useQueryClient();
  const openRecord = collection.type === "view" ? null : opener;
  const change = (id: string) =>
    openRecord?.(collection, id, (row) => {
      void client.invalidateQueries({ queryKey: ["picker", collection.id] });
      void client.invalidateQueries({ queryKey: ["related", collection.id] });
      if (id === "new") setIds((before) => (single ? [row.id] : [...before, row.id].slice(0, max)));
    });

  return (
    <Modal opened onClose={close} title={t("Pick from {name}", { name: collection.name })} size="lg" zIndex={300} closeButtonProps={{ "aria-label": t("Close") }}>
      <Stack gap="sm">
        <TextInput
          data-autofocus
          leftSection={<IconSearch size={16} />}
          placeholder={t("Search, or write a filter")}
          aria-label={t("Search, or write a filter")}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <ScrollArea h={320} className={classes["box"] ?? ""}>
          {isPending && <ListLoading />}
          {error && <FailureNotice failure={error} retry={() => void refetch()} />}
          {data && rows.length === 0 && <Notice title={t("Nothing found")} />}
          {rows.map((row) => (
            <div key={row.id} className={classes["option"]}>
              <Mark
                checked={ids.includes(row.id)}
                onChange={() => toggle(row.id)}
                disabled={!single && ids.length >= max && !ids.includes(row.id)}
                label={recordTitle(row, collection)}
                description={<span className="hs-mono">{row.id}</span>}
                flex={1}
              />
              {openRecord && (
                <ActionIcon size="sm" aria-label={t("Edit {name}", { name: recordTitle(row, collection) })} onClick={() => change(row.id)}>
                  <IconPencil size={14} />
                </ActionIcon>
              )}
            </div>
          ))}
          {hasNextPage && (
            <Button variant="subtle" fullWidth loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              {t("Load more")}
            </Button>
          )}
        </ScrollArea>
        <Group justify="space-between">
          {openRecord && (
            <Button variant="subtle" size="compact-sm" leftSection={<IconPlus size={15} />} onClick={() => change("new")}>
              {t("New record")}
            </Button>
          )}
          <Text size="sm" c="dimmed" flex={1}>
            {t("{count} of at most {max} chosen", { count: ids.length, max })}
          </Text>
          <Button onClick={() => pick(ids)}>{t("Take these")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
