import { Group, SegmentedControl, Switch, Title } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useCollections } from "@/api/collections";
import { t } from "@/i18n";
import { useRemembered } from "@/lib/use-remembered";
import { FailureNotice, PageLoading } from "@/ui/states";
import { useTitle } from "@/ui/use-title";

const Diagram = lazy(() => import("./diagram").then((m) => ({ default: m.Diagram })));
const RulesTable = lazy(() => import("./rules-table").then((m) => ({ default: m.RulesTable })));

/** All collections at once: how they hang together, and who may do what. */
export function OverviewPage() {
  useTitle(t("Overview"));
  const { all, isPending, error, refetch } = useCollections();
  const [what, setWhat] = useRemembered<"diagram" | "rules">("overview", "diagram");
  const [system, setSystem] = useRemembered("overview.system", false);
  const shown = all.filter((each) => system || !each.system);
  return (
    <div style={{ display: "flex", flexDirection: "column", flex: 1, minHeight: 0, background: "var(--hs-surface)" }}>
      <Group justify="space-between" px="md" py="sm" gap="sm">
        <Title order={1}>{t("Overview")}</Title>
        <Group gap="md">
          <Switch label={t("With system collections")} checked={system} onChange={(event) => setSystem(event.currentTarget.checked)} />
          <SegmentedControl
            size="xs"
            aria-label={t("Overview")}
            value={what}
            onChange={(value) => setWhat(value as typeof what)}
            data={[{ value: "diagram", label: t("Diagram") }, { value: "rules", label: t("Rules") }]}
          />
        </Group>
      </Group>
      {isPending ? (
        <PageLoading />
      ) : error ? (
        <FailureNotice failure={error} retry={refetch} />
      ) : (
        <Suspense fallback={<PageLoading />}>{what === "diagram" ? <Diagram collections={shown} /> : <RulesTable collections={shown} />}</Suspense>
      )}
    </div>
  );
}
