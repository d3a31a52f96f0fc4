import { Button, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { Collection } from "@/api/schema";
import { plural, t } from "@/i18n";
import { complain } from "@/ui/toast";
import { deleteLater } from "./pending-deletes";

/** Deletes records after a pause in which a toast, or Ctrl+Z, takes it back. The pause waits for whoever is at the toast. */
export function useDeleteWithUndo(collection: Collection, refresh: () => Promise<void>): (ids: string[]) => void {
  return (ids) => {
    const toast = `deleted-${ids[0] ?? ""}-${ids.length}`;
    const waiting = deleteLater(collection.id, collection.name, ids, {
      undone: () => notifications.hide(toast),
      done: async (failures) => {
        notifications.hide(toast);
        for (const failure of failures.slice(0, 3)) complain(failure);
        await refresh();
      },
    });
    notifications.show({
      id: toast,
      autoClose: false,
      withCloseButton: false,
      color: "moss",
      message: (
        <Group justify="space-between" wrap="nowrap" onPointerEnter={waiting.hold} onPointerLeave={waiting.release} onFocus={waiting.hold} onBlur={waiting.release}>
          <span>{plural(ids.length, "1 record deleted", "{count} records deleted")}</span>
          <Button size="compact-sm" variant="light" onClick={waiting.undo} title="Ctrl Z">
            {t("Undo")}
          </Button>
        </Group>
      ),
    });
  };
}
