import { Button, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { Collection } from "@/api/schema";
import { plural, t } from "@/i18n";
import { complain } from "@/ui/toast";
import { deleteLater } from "./pending-deletes";

/** Deletes records after a pause in which a toast offers to take it back. */
export function useDeleteWithUndo(collection: Collection, refresh: () => Promise<void>): (ids: string[]) => void {
  return (ids) => {
    const toast = `deleted-${ids[0] ?? ""}-${ids.length}`;
    const undo = deleteLater(collection.id, collection.name, ids, (failures) => {
      notifications.hide(toast);
      for (const failure of failures.slice(0, 3)) complain(failure);
      void refresh();
    });
    notifications.show({
      id: toast,
      autoClose: false,
      withCloseButton: false,
      color: "moss",
      message: (
        <Group justify="space-between" wrap="nowrap">
          <span>{plural(ids.length, "1 record deleted", "{count} records deleted")}</span>
          <Button
            size="compact-sm"
            variant="light"
            onClick={() => {
              undo();
              notifications.hide(toast);
            }}
          >
            {t("Undo")}
          </Button>
        </Group>
      ),
    });
  };
}
