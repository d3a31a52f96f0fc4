import { ActionIcon, CloseButton, Group, Menu, Text } from "@mantine/core";
import { t } from "@/i18n";
import { useRemembered } from "@/lib/use-remembered";
import { IconHistory } from "./icons";

const KEPT_MAX = 15;

export interface History {
  list: string[];
  add: (text: string) => void;
  remove: (text: string) => void;
  clear: () => void;
}

/** What was looked for before under `name`, the last first; this browser remembers. */
export function useHistory(name: string): History {
  const [list, set] = useRemembered<string[]>(`history.${name}`, []);
  const without = (text: string) => list.filter((each) => each !== text);
  return {
    list,
    add: (text) => text && set([text, ...without(text)].slice(0, KEPT_MAX)),
    remove: (text) => set(without(text)),
    clear: () => set([]),
  };
}

/** The filters used before, to use again or to forget. Nothing when there are none. */
export function HistoryMenu({ history, pick }: { history: History; pick: (text: string) => void }) {
  if (history.list.length === 0) return null;
  return (
    <Menu width={360}>
      <Menu.Target>
        <ActionIcon size="sm" aria-label={t("Filters used before")}>
          <IconHistory size={15} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {history.list.map((each) => (
          <Group key={each} gap={4} wrap="nowrap">
            <Menu.Item flex={1} miw={0} onClick={() => pick(each)}>
              <Text size="xs" className="hs-mono hs-clip" component="div">
                {each}
              </Text>
            </Menu.Item>
            <CloseButton size="sm" aria-label={t("Forget {name}", { name: each })} onClick={() => history.remove(each)} />
          </Group>
        ))}
        <Menu.Divider />
        <Menu.Item color="red" onClick={history.clear}>
          {t("Forget all")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
