import { ActionIcon, Drawer } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useEffect } from "react";
import { useCollections } from "@/api/collections";
import type { CollectionType } from "@/api/schema";
import { CollectionsSidebar } from "@/features/collections/sidebar";
import { t } from "@/i18n";
import { go, link, parseRoute, useRoute, type Route } from "@/lib/route";
import { recall, remember } from "@/lib/storage";
import { IconDatabase, IconDatabaseOff, IconList } from "@/ui/icons";
import { ResizablePane } from "@/ui/resizable-pane";
import { FailureNotice, Notice, PageLoading } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import classes from "./collections-area.module.css";
import { CollectionPage } from "./collection-page";

const TYPES = new Set(["base", "auth", "view"]);

/** Whether an address names this area and nothing in it. */
const isStart = ({ path, query }: Route) => (path[0] ?? "collections") === "collections" && !query.get("collection") && !query.get("new");

/** The list of collections, and the one that is chosen. */
export function CollectionsArea() {
  const { query } = useRoute();
  const { all, find, isPending, error, refetch } = useCollections();
  const [open, drawer] = useDisclosure();
  const name = query.get("collection") ?? "";
  const newType = query.get("new") ?? "";
  const chosen = name ? find(name) : undefined;
  useTitle(chosen?.name ?? t("Collections"));

  // The start goes on where this browser left off.
  const start = find(recall("collection", "")) ?? all.find((each) => !each.system) ?? all[0];
  const startName = start?.name ?? "";
  useEffect(() => {
    // The address itself is asked again: whoever went elsewhere meanwhile stays there.
    if (!name && !newType && startName && isStart(parseRoute(location.hash))) location.replace(link("collections", { collection: startName }));
  }, [name, newType, startName]);
  useEffect(() => {
    if (chosen) remember("collection", chosen.id);
  }, [chosen]);

  const menu = (
    <ActionIcon size="lg" hiddenFrom="md" aria-label={t("Collections")} onClick={drawer.open}>
      <IconList size={20} />
    </ActionIcon>
  );
  return (
    <div className={classes["area"]}>
      <ResizablePane name="collections" className={classes["side"] ?? ""} label={t("Width of the list of collections")}>
        <CollectionsSidebar chosen={chosen?.name ?? ""} />
      </ResizablePane>
      <Drawer opened={open} onClose={drawer.close} position="left" size="min(20rem, 85vw)" title={t("Collections")} styles={{ content: { display: "flex", flexDirection: "column" }, body: { flex: 1, minHeight: 0, padding: 0 } }} closeButtonProps={{ "aria-label": t("Close") }}>
        <CollectionsSidebar chosen={chosen?.name ?? ""} onNavigate={drawer.close} />
      </Drawer>
      <section className={classes["main"]}>
        {isPending ? (
          <PageLoading />
        ) : error ? (
          <FailureNotice failure={error} retry={refetch} />
        ) : TYPES.has(newType) ? (
          <CollectionPage key={`new-${newType}`} collection={null} newType={newType as CollectionType} menu={menu} />
        ) : chosen ? (
          <CollectionPage key="known" collection={chosen} newType="base" menu={menu} />
        ) : name ? (
          <>
            <div className={classes["lost"]}>{menu}</div>
            <Notice icon={IconDatabaseOff} title={t("No such collection")}>{t("There is no collection named “{name}”.", { name })}</Notice>
          </>
        ) : all.length === 0 ? (
          <Notice icon={IconDatabase} title={t("No collections yet")} action={<button type="button" onClick={() => go(link("collections", { new: "base" }))}>{t("New collection")}</button>} />
        ) : null}
      </section>
    </div>
  );
}
