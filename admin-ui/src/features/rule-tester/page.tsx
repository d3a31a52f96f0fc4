import { Alert, Button, Code, Group, Select, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useCollections } from "@/api/collections";
import { explainFailure } from "@/api/failure";
import { listRecords } from "@/api/records";
import { explainList } from "@/api/sql";
import { recordTitle } from "@/fields/relation/summary";
import { RuleExplanation } from "@/fields/rule/explanation";
import { RuleInput } from "@/fields/rule/input";
import { plural, t } from "@/i18n";
import { formatCount } from "@/lib/numbers";
import { useRoute } from "@/lib/route";
import { CodeBlock } from "@/ui/code-block";
import { SettingsFrame } from "@/ui/settings-form";
import { ListLoading } from "@/ui/states";

/** Lists a collection as somebody else would, and says how the server goes about it. */
export function RuleTesterPage() {
  const { query } = useRoute();
  const { all, find } = useCollections();
  const [name, setName] = useState(query.get("collection") ?? "");
  const [kind, setKind] = useState("guest");
  const [account, setAccount] = useState<string | null>(null);
  const [filter, setFilter] = useState("");
  const [asked, setAsked] = useState<{ collection: string; filter: string; as: string } | null>(null);
  const collection = find(name) ?? all.find((each) => !each.system);
  const auths = all.filter((each) => each.type === "auth" && each.name !== "_superusers");
  const accounts = useQuery({
    queryKey: ["accounts-of", kind],
    queryFn: () => listRecords(kind, 1, { filter: "", sort: "-@rowid", perPage: 200 }),
    enabled: auths.some((each) => each.name === kind),
  });
  const answer = useQuery({
    queryKey: ["explain", asked],
    queryFn: () => explainList(asked?.collection ?? "", { filter: asked?.filter ?? "", sort: "", as: asked?.as ?? "" }),
    enabled: asked !== null,
    retry: false,
    gcTime: 0,
  });
  if (!collection) return <ListLoading />;
  const as = kind === "superuser" ? "" : kind === "guest" ? "guest" : account ? `${kind}/${account}` : null;
  const run = () => as !== null && setAsked({ collection: collection.name, filter, as });
  return (
    <SettingsFrame title={t("Rule tester")} intro={t("What somebody else would get from a list, and how the server finds it.")}>
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        <Select label={t("Collection")} allowDeselect={false} searchable data={all.map((each) => each.name)} value={collection.name} onChange={(value) => setName(value ?? "")} />
        <Select
          label={t("As")}
          allowDeselect={false}
          data={[{ value: "guest", label: t("a guest") }, { value: "superuser", label: t("a superuser") }, ...auths.map((each) => ({ value: each.name, label: t("an account of {name}", { name: each.name }) }))]}
          value={kind}
          onChange={(value) => {
            setKind(value ?? "guest");
            setAccount(null);
          }}
        />
        {accounts.data && <Select label={t("Account")} searchable data={accounts.data.map((row) => ({ value: row.id, label: recordTitle(row, find(kind)) }))} value={account} onChange={setAccount} />}
      </SimpleGrid>
      <div>
        <Text size="sm" fw={500} mb={2}>{t("Filter")}</Text>
        <RuleInput label={t("Filter")} value={filter} onChange={setFilter} collection={collection} all={all} scope="filter" onSubmit={run} />
      </div>
      <div>
        <Text size="sm" fw={500}>{t("The list rule")}</Text>
        {collection.listRule ? <Code block>{collection.listRule}</Code> : null}
        <RuleExplanation rule={collection.listRule} />
      </div>
      <Group>
        <Button onClick={run} disabled={as === null} loading={answer.isFetching}>{t("Try")}</Button>
      </Group>
      {answer.error && <Alert color="red" role="alert">{explainFailure(answer.error)}</Alert>}
      {answer.data && (
        <Stack gap="sm">
          <Title order={2}>{plural(answer.data.total ?? 0, "1 record", "{total} records", { total: formatCount(answer.data.total ?? 0) })}</Title>
          {answer.data.hint && <Alert color="yellow">{t("Slow:")} {answer.data.hint}</Alert>}
          <CodeBlock label={t("Plan")} code={JSON.stringify(answer.data.plan, null, 2)} />
        </Stack>
      )}
    </SettingsFrame>
  );
}
