import { Button, Checkbox, Group, SimpleGrid, Stack } from "@mantine/core";
import { useRef, useState } from "react";
import { useCollections } from "@/api/collections";
import type { Collection } from "@/api/schema";
import { plural, t } from "@/i18n";
import { downloadJson } from "@/lib/download";
import { IconDownload } from "@/ui/icons";
import { CodeBlock } from "@/ui/code-block";
import { SettingsFrame } from "@/ui/settings-form";
import { FailureNotice, ListLoading } from "@/ui/states";

/** Without what belongs to this server alone. */
function portable({ created: _created, updated: _updated, ...collection }: Collection): object {
  const { oauth2 } = collection;
  return oauth2 ? { ...collection, oauth2: { ...oauth2, providers: undefined } } : collection;
}

export function ExportPage() {
  const { all, isPending, error, refetch } = useCollections();
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const last = useRef(-1);
  const chosen = all.filter((each) => !left.has(each.id));
  const toggle = (at: number, range: boolean) => {
    const add = left.has(all[at]?.id ?? "");
    const [from, to] = range && last.current >= 0 ? [Math.min(last.current, at), Math.max(last.current, at)] : [at, at];
    const next = new Set(left);
    for (const { id } of all.slice(from, to + 1)) if (add) next.delete(id);
      else next.add(id);
    last.current = at;
    setLeft(next);
  };
  const json = JSON.stringify(chosen.map(portable), null, 2);
  if (isPending) return <ListLoading />;
  if (error) return <FailureNotice failure={error} retry={refetch} />;
  return (
    <SettingsFrame
      title={t("Export collections")}
      intro={t("Definitions without records, to import on another server.")}
      action={
        <Button leftSection={<IconDownload size={16} />} disabled={chosen.length === 0} onClick={() => downloadJson("collections.json", chosen.map(portable))}>
          {t("Download")}
        </Button>
      }
    >
      <Stack>
        <Group>
          <Checkbox label={plural(chosen.length, "1 chosen", "{count} chosen")} checked={left.size === 0} indeterminate={left.size > 0 && chosen.length > 0} onChange={() => setLeft(left.size === 0 ? new Set(all.map((each) => each.id)) : new Set())} />
        </Group>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="xs" verticalSpacing="xs">
          {all.map((each, at) => (
            <Checkbox key={each.id} size="sm" label={each.name} checked={!left.has(each.id)} onChange={(event) => toggle(at, (event.nativeEvent as MouseEvent).shiftKey)} />
          ))}
        </SimpleGrid>
        <CodeBlock label={t("Export collections")} code={json} />
      </Stack>
    </SettingsFrame>
  );
}
