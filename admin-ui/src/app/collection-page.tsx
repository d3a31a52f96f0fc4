import { Badge, Group, Menu, Tabs, Text, Title } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useCallback, useState } from "react";
import { useCollections } from "@/api/collections";
import { useSettings } from "@/api/settings";
import { rulesOf, type Collection, type CollectionType } from "@/api/schema";
import { RecordsTab } from "@/features/records/records-tab";
import { type Draft, useDraft } from "@/features/schema/use-draft";
import { t, type Phrase } from "@/i18n";
import { patchQuery, type Route, useRoute } from "@/lib/route";
import { IconFileImport } from "@/ui/icons";
import { FailureNotice, PageLoading } from "@/ui/states";
import { useUnsavedGuard } from "@/ui/use-guard";
import classes from "./collection-page.module.css";

const FieldsTab = lazy(() => import("@/features/schema/fields-tab").then((m) => ({ default: m.FieldsTab })));
const RulesTab = lazy(() => import("@/features/schema/rules-tab").then((m) => ({ default: m.RulesTab })));
const QueryTab = lazy(() => import("@/features/schema/query-tab").then((m) => ({ default: m.QueryTab })));
const AuthTab = lazy(() => import("@/features/schema/auth/auth-tab").then((m) => ({ default: m.AuthTab })));
const SaveBar = lazy(() => import("@/features/schema/save-bar").then((m) => ({ default: m.SaveBar })));
const ActionsMenu = lazy(() => import("@/features/schema/actions-menu").then((m) => ({ default: m.ActionsMenu })));
const ApiPreview = lazy(() => import("@/features/api-preview/page").then((m) => ({ default: m.ApiPreview })));
const CsvImport = lazy(() => import("@/features/csv-import/modal").then((m) => ({ default: m.CsvImport })));

interface Props {
  /** Null for a new collection. */
  collection: Collection | null;
  newType: CollectionType;
  /** Opens the list of collections on narrow screens. */
  menu: ReactNode;
}

interface Tab {
  name: string;
  label: Phrase;
  /** Paths of faults that this tab shows. */
  faults: string[];
}

function tabsOf(collection: Collection | null, type: CollectionType): Tab[] {
  const rules = collection ? rulesOf(collection) : [];
  return [
    ...(collection ? [{ name: "records", label: "Records", faults: [] } satisfies Tab] : []),
    ...(type === "view" ? [{ name: "query", label: "Query", faults: ["viewQuery"] } satisfies Tab] : []),
    { name: "fields", label: type === "view" ? "Name" : "Fields", faults: ["name", "fields", "indexes"] },
    { name: "rules", label: "Rules", faults: rules },
    ...(type === "auth" ? [{ name: "auth", label: "Logins", faults: ["passwordAuth", "otp", "oauth2", "mfa", "authAlert", "verificationTemplate", "resetPasswordTemplate", "confirmEmailChangeTemplate", "sessions", "apiKeys", "totp", "passkeys", "anonymous", "passwordPolicy"] } satisfies Tab] : []),
    ...(collection ? [{ name: "api", label: "API", faults: [] } satisfies Tab] : []),
  ];
}

/** Everything about one collection, in tabs that share one draft of its definition. The frame stays from one collection to the next. */
export function CollectionPage({ collection, newType, menu }: Props) {
  const { query } = useRoute();
  const { find } = useCollections();
  const { draft, failure, retry } = useDraft(collection, newType, find(query.get("like") ?? ""));
  const [importing, setImporting] = useState("");
  const type = collection?.type ?? newType;
  const careful = useSettings().data?.meta.hideControls ?? false;
  const tabs = tabsOf(collection, type).filter(({ name }) => !careful || name === "records" || name === "api");
  const tab = tabs.find((each) => each.name === query.get("tab"))?.name ?? tabs[collection ? 0 : type === "view" ? 1 : 0]?.name ?? "fields";
  const id = collection?.name ?? "";
  const stays = useCallback((next: Route) => (id ? next.query.get("collection") === id : next.query.get("new") === newType), [id, newType]);
  useUnsavedGuard(draft?.dirty ?? false, stays);

  return (
    <>
      <Group className={classes["head"] ?? ""} gap="sm" wrap="nowrap">
        {menu}
        <Title order={1} className="hs-clip">{collection?.name ?? t("New collection")}</Title>
        <Badge color="gray" visibleFrom="xs">{type}</Badge>
        <span style={{ flex: 1 }} />
        {collection && !careful && (
          <Suspense>
            <ActionsMenu collection={collection}>
              {type !== "view" && (
                <Menu.Item leftSection={<IconFileImport size={16} />} onClick={() => setImporting(collection.id)}>
                  {t("Import CSV")}
                </Menu.Item>
              )}
            </ActionsMenu>
          </Suspense>
        )}
      </Group>
      <Tabs value={tab} onChange={(next) => patchQuery({ tab: next === "records" ? undefined : (next ?? undefined), record: undefined })} className={classes["tabs"] ?? ""}>
        <Tabs.List px="md" className={classes["list"] ?? ""}>
          {tabs.map(({ name, label, faults }) => (
            <Tabs.Tab key={name} value={name}>
              {t(label)}
              {faults.some((path) => draft?.error(path)) && <Text span c="red" ml={4} aria-label={t("fault")}>●</Text>}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Suspense fallback={<PageLoading />}>
          <div className={classes["panel"]} role="tabpanel" aria-label={tab} data-fill={tab === "records" || undefined}>
            {tab === "records" && collection ? (
              <RecordsTab collection={collection} />
            ) : draft ? (
              <div className={classes["page"]}>
                <DraftTab key={collection?.id} tab={tab} draft={draft} />
              </div>
            ) : failure ? (
              <FailureNotice failure={failure} retry={retry} />
            ) : (
              <PageLoading />
            )}
          </div>
        </Suspense>
        {draft && tab !== "records" && tab !== "api" && (
          <Suspense>
            <SaveBar key={collection?.id} draft={draft} />
          </Suspense>
        )}
      </Tabs>
      <Suspense>{collection && importing === collection.id && <CsvImport collection={collection} close={() => setImporting("")} />}</Suspense>
    </>
  );
}

function DraftTab({ tab, draft }: { tab: string; draft: Draft }) {
  switch (tab) {
    case "fields":
      return <FieldsTab draft={draft} />;
    case "rules":
      return <RulesTab draft={draft} />;
    case "query":
      return <QueryTab draft={draft} />;
    case "auth":
      return <AuthTab draft={draft} />;
    case "api":
      return <ApiPreview collection={draft.now} />;
    default:
      return null;
  }
}
