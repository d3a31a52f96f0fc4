import { ActionIcon, Menu } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode } from "react";
import { deleteCollection, truncateCollection, useCollectionsChanged } from "@/api/collections";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import { go, link } from "@/lib/route";
import { remember } from "@/lib/storage";
import { confirm } from "@/ui/confirm";
import { IconBraces, IconCopy, IconDatabaseOff, IconDotsVertical, IconTrash } from "@/ui/icons";
import { attempt, say } from "@/ui/toast";

/** What else can be done with a collection; `children` are more items on top. */
export function ActionsMenu({ collection, children }: { collection: Collection; children?: ReactNode }) {
  const { copy } = useClipboard();
  const changed = useCollectionsChanged();
  const client = useQueryClient();
  const { name } = collection;
  const truncate = async () => {
    const yes = await confirm({ title: t("Delete all records of {name}?", { name }), body: t("The collection stays, its records and their files go. This cannot be undone."), action: t("Delete all records"), danger: true, typed: name });
    if (!yes) return;
    await attempt(() => truncateCollection(collection.id), t("All records of {name} are deleted.", { name }));
    await client.invalidateQueries();
  };
  const remove = async () => {
    const yes = await confirm({ title: t("Delete the collection {name}?", { name }), body: t("Its records and their files go with it. This cannot be undone."), action: t("Delete the collection"), danger: true, typed: name });
    if (!yes) return;
    const done = await attempt(() => deleteCollection(collection.id), t("The collection {name} is deleted.", { name }));
    if (!done) return;
    remember("collection", undefined);
    go(link("collections"));
    await changed();
  };
  return (
    <Menu width={230}>
      <Menu.Target>
        <ActionIcon size="lg" aria-label={t("More actions")}>
          <IconDotsVertical size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {children}
        <Menu.Item
          leftSection={<IconBraces size={16} />}
          onClick={() => {
            copy(JSON.stringify(collection, null, 2));
            say(t("Copied"));
          }}
        >
          {t("Copy as JSON")}
        </Menu.Item>
        <Menu.Item leftSection={<IconCopy size={16} />} disabled={collection.system} onClick={() => go(link("collections", { new: collection.type, like: name }))}>
          {t("Duplicate")}
        </Menu.Item>
        <Menu.Divider />
        {collection.type !== "view" && (
          <Menu.Item color="red" leftSection={<IconDatabaseOff size={16} />} onClick={() => void truncate()}>
            {t("Delete all records")}
          </Menu.Item>
        )}
        <Menu.Item color="red" leftSection={<IconTrash size={16} />} disabled={collection.system} onClick={() => void remove()}>
          {t("Delete the collection")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
