import { Alert, Anchor, Code, Collapse, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useCollections } from "@/api/collections";
import { type RuleName, rulesOf } from "@/api/schema";
import { t } from "@/i18n";
import { link } from "@/lib/route";
import { RuleEditor } from "./rule-editor";
import type { Draft } from "./use-draft";

const LABELS: Record<RuleName, () => { label: string; about: string }> = {
  listRule: () => ({ label: t("List and search"), about: t("Who may list which records") }),
  viewRule: () => ({ label: t("View"), about: t("Who may read a single record") }),
  createRule: () => ({ label: t("Create"), about: t("Who may add records, and which") }),
  updateRule: () => ({ label: t("Update"), about: t("Who may change which records") }),
  deleteRule: () => ({ label: t("Delete"), about: t("Who may delete which records") }),
  authRule: () => ({ label: t("Log in"), about: t("Which accounts may log in") }),
  manageRule: () => ({ label: t("Manage"), about: t("Who may change passwords and addresses of others without asking") }),
};

/** Who may do what with a collection. */
export function RulesTab({ draft }: { draft: Draft }) {
  const { all } = useCollections();
  const { now } = draft;
  const [help, setHelp] = useState(false);
  return (
    <Stack gap="lg">
      {now.system && <Alert color="gray">{t("The rules of a system collection cannot be changed.")}</Alert>}
      <div>
        <Group justify="space-between">
          <Anchor component="button" type="button" size="sm" aria-expanded={help} onClick={() => setHelp(!help)}>
            {t("What can a rule use?")}
          </Anchor>
          {draft.saved && <Anchor size="sm" href={link("settings/rules", { collection: now.name })}>{t("Try the rules as somebody else")}</Anchor>}
        </Group>
        <Collapse expanded={help}>
          <Text size="sm" mt="xs" component="div">
            <p>{t("Fields of the record, also through relations:")} <Code>{now.fields.map((field) => field.name).join(", ")}</Code></p>
            <p>{t("The request:")} <Code>@request.auth.* @request.body.* @request.query.* @request.headers.* @request.method</Code></p>
            <p>{t("Any other collection:")} <Code>@collection.name.field</Code> {t("and records that point here:")} <Code>comments_via_post.author</Code></p>
            <p>{t("Comparisons:")} <Code>{"= != > >= < <= ~ !~"}</Code> {t("and with ? for at least one of many:")} <Code>{"?= ?~"}</Code></p>
          </Text>
        </Collapse>
      </div>
      {rulesOf(now).map((name) => (
        <RuleEditor
          key={name}
          {...LABELS[name]()}
          rule={now[name] ?? null}
          set={(rule) => draft.set({ [name]: rule })}
          collection={now}
          all={all}
          error={draft.error(name)}
          disabled={now.system}
          publicAllowed={name !== "manageRule"}
        />
      ))}
    </Stack>
  );
}
