import { ActionIcon, Button, Skeleton, Stack, TextInput, Tooltip, UnstyledButton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { memo, useCallback, useRef, useState } from "react";
import { useCollections } from "@/api/collections";
import { askAhead } from "@/api/record-list";
import type { Collection } from "@/api/schema";
import { useSettings } from "@/api/settings";
import { t } from "@/i18n";
import { link } from "@/lib/route";
import { useRemembered } from "@/lib/use-remembered";
import { IconAlertTriangle, IconChevronDown, IconChevronRight, IconDatabase, IconEye, IconPin, IconPinnedFilled, IconPlus, IconSearch, IconUsers, IconX, type Icon } from "@/ui/icons";
import { FailureNotice } from "@/ui/states";
import classes from "./sidebar.module.css";

export const TYPE_ICONS: Record<Collection["type"], Icon> = { base: IconDatabase, auth: IconUsers, view: IconEye };

// How long a pointer rests on what it is meant for, rather than on its way elsewhere.
const MEANT_MS = 40;

const COMPACT_FROM = 25;

const matches = (each: Collection, term: string) => [each.name, each.id, each.type].some((text) => text.toLowerCase().includes(term));

/** All collections: searched, pinned, grouped. */
export function CollectionsSidebar({ chosen, onNavigate }: { chosen: string; onNavigate?: () => void }) {
  const { all, isPending, error, refetch } = useCollections();
  const [pinned, setPinned] = useRemembered<string[]>("pinned", []);
  const [systemOpen, setSystemOpen] = useRemembered("system-open", false);
  const [typed, setTyped] = useState("");
  const careful = useSettings().data?.meta.hideControls ?? false;
  const list = useRef<HTMLDivElement>(null);
  const term = typed.trim().toLowerCase();
  const shown = all.filter((each) => matches(each, term));
  // In the order in which they were pinned, so that pinning again moves one to the end.
  const top = pinned.flatMap((id) => shown.find((each) => each.id === id) ?? []);
  const rest = shown.filter((each) => !pinned.includes(each.id));
  const system = rest.filter((each) => each.system);
  const openSystem = systemOpen || term !== "" || system.some((each) => each.name === chosen);
  const togglePin = useCallback((id: string) => setPinned(pinned.includes(id) ? pinned.filter((each) => each !== id) : [...pinned, id]), [pinned, setPinned]);
  const entries = (collections: Collection[]) =>
    collections.map((each) => <Entry key={each.id} collection={each} isChosen={each.name === chosen} isPinned={pinned.includes(each.id)} togglePin={togglePin} {...(onNavigate && { onNavigate })} />);

  return (
    <div className={classes["side"]}>
      <TextInput
        leftSection={<IconSearch size={15} />}
        rightSection={typed && <ActionIcon size="sm" aria-label={t("Clear")} onClick={() => setTyped("")}><IconX size={14} /></ActionIcon>}
        placeholder={t("Search collections")}
        aria-label={t("Search collections")}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") list.current?.querySelector("a")?.click();
          if (event.key === "ArrowDown") list.current?.querySelector("a")?.focus();
        }}
      />
      <div ref={list} className={classes["list"]} data-compact={shown.length >= COMPACT_FROM || undefined} onKeyDown={moveFocus}>
        {isPending && <Stack gap="xs" p="xs">{[80, 60, 70].map((width) => <Skeleton key={width} height={14} width={`${width}%`} />)}</Stack>}
        {error ? <FailureNotice failure={error} retry={refetch} /> : null}
        {top.length > 0 && <h2 className={classes["group"]}>{t("Pinned")}</h2>}
        {entries(top)}
        {top.length > 0 && rest.some((each) => !each.system) && <h2 className={classes["group"]}>{t("Others")}</h2>}
        {entries(rest.filter((each) => !each.system))}
        {system.length > 0 && (
          <>
            <h2 className={classes["group"]}>
              <UnstyledButton className={classes["fold"]} aria-expanded={openSystem} onClick={() => setSystemOpen(!openSystem)}>
                {openSystem ? <IconChevronDown size={13} aria-hidden /> : <IconChevronRight size={13} aria-hidden />} {t("System")}
              </UnstyledButton>
            </h2>
            {openSystem && entries(system)}
          </>
        )}
        {!isPending && shown.length === 0 && !error && <p className={classes["none"]}>{t("Nothing has that name.")}</p>}
      </div>
      {!careful && <Button component="a" href={link("collections", { new: "base" })} variant="light" leftSection={<IconPlus size={16} />} {...(onNavigate && { onClick: onNavigate })}>
        {t("New collection")}
      </Button>}
    </div>
  );
}

function moveFocus(event: React.KeyboardEvent<HTMLDivElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (!step) return;
  const links = Array.from(event.currentTarget.querySelectorAll("a"));
  const at = links.findIndex((each) => each === document.activeElement);
  event.preventDefault();
  links[at + step]?.focus();
}

interface EntryProps {
  collection: Collection;
  isChosen: boolean;
  isPinned: boolean;
  togglePin: (id: string) => void;
  onNavigate?: () => void;
}

const Entry = memo(function Entry({ collection, isChosen, isPinned, togglePin, onNavigate }: EntryProps) {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const ask = () => !isChosen && askAhead(client, collection);
  const Mark = TYPE_ICONS[collection.type];
  const lacksProviders = collection.oauth2?.enabled === true && collection.oauth2.providers.length === 0;
  const pin = isPinned ? t("Unpin {name}", { name: collection.name }) : t("Pin {name}", { name: collection.name });
  return (
    <div className={classes["row"]}>
      <a
        href={link("collections", { collection: collection.name })}
        className={classes["entry"]}
        aria-current={isChosen ? "page" : undefined}
        onPointerEnter={() => (timer.current = setTimeout(ask, MEANT_MS))}
        onPointerLeave={() => clearTimeout(timer.current)}
        onPointerDown={ask}
        onClick={onNavigate}
      >
        <Mark size={16} stroke={1.6} aria-hidden />
        <span className="hs-clip">{collection.name}</span>
        {lacksProviders && (
          <Tooltip label={t("OAuth2 is on, but there is no provider")}>
            <IconAlertTriangle size={14} color="var(--hs-danger)" aria-label={t("OAuth2 is on, but there is no provider")} />
          </Tooltip>
        )}
      </a>
      <ActionIcon size="sm" className={classes["pin"] ?? ""} data-pinned={isPinned || undefined} aria-label={pin} title={pin} onClick={() => togglePin(collection.id)}>
        {isPinned ? <IconPinnedFilled size={13} /> : <IconPin size={13} />}
      </ActionIcon>
    </div>
  );
});
