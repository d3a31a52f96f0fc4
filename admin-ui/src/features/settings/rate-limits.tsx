import { ActionIcon, Anchor, Autocomplete, Button, Code, Collapse, Group, Select, Stack, Switch, TagsInput, Text } from "@mantine/core";
import { useState } from "react";
import { useCollections } from "@/api/collections";
import type { RateLimitRule, Settings } from "@/api/settings";
import { t } from "@/i18n";
import { IconPlus, IconTrash } from "@/ui/icons";
import { NumberBox } from "@/ui/number-box";
import { SettingsForm } from "@/ui/settings-form";
import { withSettings } from "./loaded";
import classes from "./rate-limits.module.css";
import { useSettingsForm } from "./use-settings-form";

const ACTIONS = "list view create update delete file listAuthMethods authRefresh auth authWithPassword authWithOAuth2 authWithOTP requestOTP requestPasswordReset confirmPasswordReset requestVerification confirmVerification requestEmailChange confirmEmailChange".split(" ");
const NEW: RateLimitRule = { label: "", audience: "", duration: 10, maxRequests: 100 };

function RateLimits({ settings }: { settings: Settings }) {
  const { form, save } = useSettingsForm(settings, ["rateLimits"]);
  const { all } = useCollections();
  const [help, setHelp] = useState(false);
  const { rateLimits } = form.values;
  const set = (change: Partial<Settings["rateLimits"]>) => form.set("rateLimits", { ...rateLimits, ...change });
  const setRule = (at: number, change: Partial<RateLimitRule>) => set({ rules: rateLimits.rules.map((rule, each) => (each === at ? { ...rule, ...change } : rule)) });
  const labels = ["/api/", "/api/batch", ...ACTIONS.map((action) => `*:${action}`), ...all.filter((each) => !each.system).flatMap((each) => ACTIONS.slice(0, 5).map((action) => `${each.name}:${action}`))];
  return (
    <SettingsForm form={form} save={save} title={t("Rate limits")} intro={t("How many requests one address may send. Superusers are never limited.")}>
      <Switch label={t("Limit requests")} checked={rateLimits.enabled} onChange={(event) => set({ enabled: event.currentTarget.checked })} />
      <Stack gap="xs">
        {rateLimits.rules.map((rule, at) => (
          <div key={at} className={classes["rule"]} role="group" aria-label={rule.label || t("New limit")}>
            <Autocomplete label={t("What")} data={labels} limit={20} value={rule.label} onChange={(label) => setRule(at, { label })} error={form.error(`rateLimits.rules.${at}.label`)} className={classes["what"] ?? ""} />
            <NumberBox label={t("Requests")} value={rule.maxRequests} onChange={(maxRequests) => setRule(at, { maxRequests: maxRequests ?? 0 })} error={form.error(`rateLimits.rules.${at}.maxRequests`)} />
            <NumberBox label={t("per seconds")} value={rule.duration} onChange={(duration) => setRule(at, { duration: duration ?? 0 })} error={form.error(`rateLimits.rules.${at}.duration`)} />
            <Select
              label={t("by")}
              allowDeselect={false}
              data={[{ value: "", label: t("everybody") }, { value: "@guest", label: t("guests") }, { value: "@auth", label: t("accounts") }]}
              value={rule.audience}
              onChange={(audience) => setRule(at, { audience: audience ?? "" })}
            />
            <ActionIcon mt={26} size="lg" aria-label={t("Remove {name}", { name: rule.label })} onClick={() => set({ rules: rateLimits.rules.toSpliced(at, 1) })}>
              <IconTrash size={16} />
            </ActionIcon>
          </div>
        ))}
        <Group justify="space-between">
          <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => set({ rules: [...rateLimits.rules, NEW] })}>{t("Add a limit")}</Button>
          <Anchor component="button" type="button" size="sm" aria-expanded={help} onClick={() => setHelp(!help)}>{t("What can a limit name?")}</Anchor>
        </Group>
        <Collapse expanded={help}>
          <Text size="sm" component="div">
            <p><Code>posts:create</Code> {t("an action of one collection")}, <Code>*:auth</Code> {t("an action of all collections")}</p>
            <p><Code>/api/batch</Code> {t("exactly this path")}, <Code>/api/</Code> {t("all paths that begin so")}, <Code>POST /api/</Code> {t("only this method")}</p>
            <p>{t("Actions:")} <Code>{ACTIONS.join(" ")}</Code></p>
          </Text>
        </Collapse>
      </Stack>
      <TagsInput label={t("Addresses without limits")} description={t("IP addresses or networks, like 10.0.0.0/8")} value={rateLimits.excludedIPs} onChange={(excludedIPs) => set({ excludedIPs })} error={form.error("rateLimits.excludedIPs")} />
    </SettingsForm>
  );
}

export const RateLimitsPage = withSettings(RateLimits);
