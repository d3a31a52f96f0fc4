import { ActionIcon, Group } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useRef, useState } from "react";
import { useCollections } from "@/api/collections";
import type { Collection } from "@/api/schema";
import { RuleInput } from "@/fields/rule/input";
import { t } from "@/i18n";
import { HistoryMenu, useHistory } from "@/ui/history-menu";
import { IconFilter, IconX } from "@/ui/icons";

/** A word to find, or a filter; with what was looked for before. */
export function FilterBar({ collection, filter, apply }: { collection: Collection; filter: string; apply: (filter: string) => void }) {
  const { all } = useCollections();
  // What is typed belongs to one collection, and to the filter that is in force meanwhile.
  const owner = `${collection.id} ${filter}`;
  const [held, setHeld] = useState({ owner, text: filter });
  const text = held.owner === owner ? held.text : filter;
  const setText = (next: string) => setHeld({ owner, text: next });
  const history = useHistory(collection.id);
  const frame = useRef<HTMLDivElement>(null);
  useHotkeys([["/", () => frame.current?.querySelector("textarea")?.focus()]]);

  const submit = (typed: string) => {
    const next = typed.trim();
    history.add(next);
    setText(next);
    apply(next);
  };
  return (
    <div ref={frame} style={{ flex: 1, minWidth: "12rem" }}>
      <RuleInput
        label={t("Search, or write a filter")}
        placeholder={t("Search or filter")}
        collection={collection}
        all={all}
        scope="filter"
        value={text}
        onChange={setText}
        onSubmit={() => submit(text)}
        leftSection={<IconFilter size={16} />}
        rightSectionWidth={(text ? 30 : 0) + (history.list.length > 0 ? 30 : 0) || 8}
        rightSection={
          <Group gap={0} wrap="nowrap">
            {text && (
              <ActionIcon size="sm" aria-label={t("Clear the filter")} onClick={() => submit("")}>
                <IconX size={15} />
              </ActionIcon>
            )}
            <HistoryMenu history={history} pick={submit} />
          </Group>
        }
      />
    </div>
  );
}
