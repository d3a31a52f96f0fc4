import { Select, SimpleGrid, Stack, Switch, TagsInput, TextInput } from "@mantine/core";
import type { AuthExtras } from "@/api/schema";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";
import type { Draft } from "../use-draft";
import { Section } from "./section";

const NONE: Required<AuthExtras> = {
  sessions: { enabled: false, maxPerUser: 0 },
  apiKeys: { enabled: false },
  totp: { enabled: false, issuer: "" },
  passkeys: { enabled: false, rpId: "", origins: [], requireSecondFactor: false },
  anonymous: { enabled: false, keepDays: 0 },
  passwordPolicy: { minStrength: 0, refuseCommon: false },
};

/** The ways to log in, and to end logins, that PocketBase does not have. */
export function ExtraOptions({ draft }: { draft: Draft }) {
  const { now, error } = draft;
  const of = <K extends keyof AuthExtras>(key: K) => ({ ...NONE[key], ...now[key] }) as Required<AuthExtras>[K];
  const set = <K extends keyof AuthExtras>(key: K, change: Partial<Required<AuthExtras>[K]>) => draft.set({ [key]: { ...of(key), ...change } });
  const [sessions, apiKeys, totp, passkeys, anonymous, policy] = [of("sessions"), of("apiKeys"), of("totp"), of("passkeys"), of("anonymous"), of("passwordPolicy")];
  const isSuperusers = now.name === "_superusers";
  return (
    <>
      <Section name="totp" title={t("App with codes (TOTP)")} on={totp.enabled} fault={error("totp")}>
        <Stack gap="sm">
          <Switch label={t("Accounts may set up an app as their second step")} checked={totp.enabled} onChange={(event) => set("totp", { enabled: event.currentTarget.checked })} />
          <TextInput label={t("Name that the app shows")} value={totp.issuer} placeholder={t("the name of the application")} onChange={(event) => set("totp", { issuer: event.currentTarget.value })} error={error("totp.issuer")} />
        </Stack>
      </Section>
      <Section name="passkeys" title={t("Passkeys")} on={passkeys.enabled} fault={error("passkeys")}>
        <Stack gap="sm">
          <Switch label={t("Log in with a passkey")} checked={passkeys.enabled} onChange={(event) => set("passkeys", { enabled: event.currentTarget.checked })} />
          <Switch label={t("Ask for a second step all the same")} checked={passkeys.requireSecondFactor} onChange={(event) => set("passkeys", { requireSecondFactor: event.currentTarget.checked })} />
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput label={t("Domain")} description={t("Empty takes it from the address of the application")} placeholder="example.com" value={passkeys.rpId} onChange={(event) => set("passkeys", { rpId: event.currentTarget.value })} error={error("passkeys.rpId")} />
            <TagsInput label={t("Origins")} description={t("Where the pages are that ask")} placeholder="https://app.example.com" value={passkeys.origins} onChange={(origins) => set("passkeys", { origins })} error={error("passkeys.origins")} />
          </SimpleGrid>
        </Stack>
      </Section>
      <Section name="sessions" title={t("Sessions")} on={sessions.enabled} fault={error("sessions")}>
        <Stack gap="sm">
          <Switch label={t("Keep every login as a session that can be ended")} description={t("Whoever is logged in when this is switched on logs in again")} checked={sessions.enabled} onChange={(event) => set("sessions", { enabled: event.currentTarget.checked })} />
          <NumberBox label={t("At most for one account")} maw={280} zeroIsNone placeholder="100" value={sessions.maxPerUser} onChange={(maxPerUser) => set("sessions", { maxPerUser: maxPerUser ?? 0 })} error={error("sessions.maxPerUser")} />
        </Stack>
      </Section>
      <Section name="keys" title={t("API keys")} on={apiKeys.enabled} fault={error("apiKeys")}>
        <Switch label={t("Accounts may have keys for programs")} checked={apiKeys.enabled} onChange={(event) => set("apiKeys", { enabled: event.currentTarget.checked })} />
      </Section>
      <Section name="policy" title={t("Strength of passwords")} on={policy.minStrength > 0 || policy.refuseCommon} fault={error("passwordPolicy")}>
        <Stack gap="sm">
          <Select
            label={t("Least strength")}
            maw={280}
            allowDeselect={false}
            data={[{ value: "0", label: t("any") }, { value: "1", label: t("weak") }, { value: "2", label: t("fair") }, { value: "3", label: t("good") }, { value: "4", label: t("strong") }]}
            value={String(policy.minStrength)}
            onChange={(value) => set("passwordPolicy", { minStrength: Number(value) })}
          />
          <Switch label={t("Refuse passwords that many use")} checked={policy.refuseCommon} onChange={(event) => set("passwordPolicy", { refuseCommon: event.currentTarget.checked })} />
        </Stack>
      </Section>
      {!isSuperusers && (
        <Section name="anonymous" title={t("Accounts without a name")} on={anonymous.enabled} fault={error("anonymous")}>
          <Stack gap="sm">
            <Switch label={t("Anybody may get an account without address and password")} checked={anonymous.enabled} onChange={(event) => set("anonymous", { enabled: event.currentTarget.checked })} />
            <NumberBox label={t("Delete unused ones after days")} maw={280} zeroIsNone placeholder={t("never")} value={anonymous.keepDays} onChange={(keepDays) => set("anonymous", { keepDays: keepDays ?? 0 })} error={error("anonymous.keepDays")} />
          </Stack>
        </Section>
      )}
    </>
  );
}
