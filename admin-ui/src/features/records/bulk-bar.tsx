import { Button, CloseButton, Group, Menu, Paper, Text } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import type { Row } from "@/api/records";
import type { Collection } from "@/api/schema";
import { plural, t } from "@/i18n";
import { IconCopy, IconDownload, IconTrash } from "@/ui/icons";
import { say } from "@/ui/toast";
import { exportRows } from "./export";

interface Props {
  collection: Collection;
  rows: Row[];
  clear: () => void;
  remove: () => void;
}

/** What can be done with the chosen records. */
export function BulkBar({ collection, rows, clear, remove }: Props) {
  const { copy } = useClipboard();
  const copyJson = () => {
    copy(JSON.stringify(rows.map(({ expand: _expand, ...row }) => row), null, 2));
    say(t("Copied"));
  };
  return (
    <Paper withBorder shadow="md" radius="md" p={6} role="region" aria-label={t("Chosen records")} style={{ position: "absolute", insetInline: "1rem", bottom: "1rem", marginInline: "auto", width: "fit-content", maxWidth: "calc(100% - 2rem)", zIndex: 5 }}>
      <Group gap={6} wrap="nowrap">
        <CloseButton size="sm" aria-label={t("Choose none")} onClick={clear} />
        <Text size="sm" fw={500} style={{ whiteSpace: "nowrap" }}>
          {plural(rows.length, "1 chosen", "{count} chosen")}
        </Text>
        <Button size="compact-sm" variant="default" leftSection={<IconCopy size={14} />} onClick={copyJson} visibleFrom="xs">
          {t("Copy")}
        </Button>
        <Menu position="top">
          <Menu.Target>
            <Button size="compact-sm" variant="default" leftSection={<IconDownload size={14} />}>
              {t("Export")}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => exportRows(collection, rows, "csv")}>CSV</Menu.Item>
            <Menu.Item onClick={() => exportRows(collection, rows, "json")}>JSON</Menu.Item>
          </Menu.Dropdown>
        </Menu>
        {collection.type !== "view" && (
          <Button size="compact-sm" color="red" variant="light" leftSection={<IconTrash size={14} />} onClick={remove}>
            {t("Delete")}
          </Button>
        )}
      </Group>
    </Paper>
  );
}
