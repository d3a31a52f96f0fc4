import { ActionIcon, Group, Menu, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import { useCollections } from "@/api/collections";
import type { Collection } from "@/api/schema";
import { RuleInput } from "@/fields/rule/input";
import { t } from "@/i18n";
import { useRemembered } from "@/lib/use-remembered";
import { IconFilter, IconHistory, IconX } from "@/ui/icons";

const HISTORY_MAX = 15;

/** A word to find, or a filter; with what was looked for before. */
export function FilterBar({ collection, filter, apply }: { collection: Collection; filter: string; apply: (filter: string) => void }) {
  const { all } = useCollections();
  const [text, setText] = useState(filter);
  const [history, setHistory] = useRemembered<string[]>(`history.${collection.id}`, []);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => setText(filter), [filter]);
  useHotkeys([["/", () => frame.current?.querySelector("textarea")?.focus()]]);

  const submit = (typed: string) => {
    const next = typed.trim();
    if (next) setHistory([next, ...history.filter((each) => each !== next)].slice(0, HISTORY_MAX));
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
        rightSectionWidth={(text ? 30 : 0) + (history.length > 0 ? 30 : 0) || 8}
        rightSection={
          <Group gap={0} wrap="nowrap">
            {text && (
              <ActionIcon size="sm" aria-label={t("Clear the filter")} onClick={() => submit("")}>
                <IconX size={15} />
              </ActionIcon>
            )}
            {history.length > 0 && (
              <Menu width={360}>
                <Menu.Target>
                  <ActionIcon size="sm" aria-label={t("Filters used before")}>
                    <IconHistory size={15} />
                  </ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  {history.map((each) => (
                    <Menu.Item key={each} onClick={() => submit(each)}>
                      <Text size="xs" className="hs-mono hs-clip" component="div">
                        {each}
                      </Text>
                    </Menu.Item>
                  ))}
                  <Menu.Divider />
                  <Menu.Item color="red" onClick={() => setHistory([])}>
                    {t("Forget all")}
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
            )}
          </Group>
        }
      />
    </div>
  );
}
