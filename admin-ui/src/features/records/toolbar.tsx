import { ActionIcon, Button, Group, Menu, Tooltip } from "@mantine/core";
import { memo } from "react";
import type { Collection } from "@/api/schema";
import { plural, t } from "@/i18n";
import { patchQuery } from "@/lib/route";
import { IconDownload, IconPlus, IconRefresh } from "@/ui/icons";
import { ColumnsMenu } from "./columns-menu";
import type { ExportFormat } from "./export";
import { FilterBar } from "./filter-bar";
import type { Columns } from "./use-columns";

interface Props {
  collection: Collection;
  typed: string;
  columns: Columns;
  /** Records that came since and are not shown. */
  news: number;
  loading: boolean;
  cards: boolean;
  reload: () => void;
  exportAll: (format: ExportFormat) => void;
  open: (record: string) => void;
}

/** What stands above the records. It stays while they come and go, and is drawn anew only when something about it changes. */
export const Toolbar = memo(function Toolbar({ collection, typed, columns, news, loading, cards, reload, exportAll, open }: Props) {
  return (
    <Group gap="xs" px="md" py="xs" wrap="nowrap" align="flex-start">
      <FilterBar collection={collection} filter={typed} apply={(next) => patchQuery({ filter: next })} />
      <Tooltip label={news > 0 ? plural(news, "1 new record", "{count} new records") : t("Refresh")}>
        <ActionIcon size="lg" variant={news > 0 ? "light" : "default"} {...(news > 0 && { color: "moss" })} loading={loading} aria-label={t("Refresh")} onClick={reload}>
          <IconRefresh size={17} />
        </ActionIcon>
      </Tooltip>
      <ColumnsMenu columns={columns} />
      <Menu>
        <Menu.Target>
          <Tooltip label={t("Export all that are found")}>
            <ActionIcon size="lg" variant="default" aria-label={t("Export all that are found")} visibleFrom="xs">
              <IconDownload size={17} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => exportAll("csv")}>CSV</Menu.Item>
          <Menu.Item onClick={() => exportAll("json")}>JSON</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {collection.type !== "view" && (
        <Button px="sm" leftSection={<IconPlus size={16} />} onClick={() => open("new")} aria-label={t("New record")} styles={cards ? { section: { margin: 0 } } : {}}>
          {cards ? "" : t("New record")}
        </Button>
      )}
    </Group>
  );
});
