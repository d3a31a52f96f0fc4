import { Anchor, Badge, Code, ScrollArea, SegmentedControl, Table } from "@mantine/core";
import { useState } from "react";
import { rulesOf, type Collection, type RuleName } from "@/api/schema";
import { t } from "@/i18n";
import { link } from "@/lib/route";

const RULES: { name: RuleName | "mfaRule"; label: () => string }[] = [
  { name: "listRule", label: () => t("List") },
  { name: "viewRule", label: () => t("View") },
  { name: "createRule", label: () => t("Create") },
  { name: "updateRule", label: () => t("Update") },
  { name: "deleteRule", label: () => t("Delete") },
  { name: "authRule", label: () => t("Log in") },
  { name: "manageRule", label: () => t("Manage") },
  { name: "mfaRule", label: () => t("Two steps") },
];

function ruleOf(collection: Collection, name: RuleName | "mfaRule"): string | null | undefined {
  if (name === "mfaRule") return collection.mfa?.enabled ? collection.mfa.rule : undefined;
  return rulesOf(collection).includes(name) ? (collection[name] ?? null) : undefined;
}

/** One rule of every collection, one below the other. */
export function RulesTable({ collections }: { collections: Collection[] }) {
  const [name, setName] = useState<RuleName | "mfaRule">("listRule");
  return (
    <ScrollArea px="md">
      <SegmentedControl mb="sm" size="xs" aria-label={t("Rules")} value={name} onChange={(value) => setName(value as typeof name)} data={RULES.map((rule) => ({ value: rule.name, label: rule.label() }))} />
      <Table>
        <Table.Tbody>
          {collections.map((collection) => {
            const rule = ruleOf(collection, name);
            if (rule === undefined) return null;
            return (
              <Table.Tr key={collection.id}>
                <Table.Th w={200} fw={500}>
                  <Anchor size="sm" href={link("collections", { collection: collection.name, tab: "rules" })}>{collection.name}</Anchor>
                </Table.Th>
                <Table.Td>
                  {rule === null ? <Badge color="gray">{t("Only superusers")}</Badge> : rule === "" ? <Badge color="yellow">{t("Everybody")}</Badge> : <Code style={{ whiteSpace: "pre-wrap" }}>{rule}</Code>}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  );
}
