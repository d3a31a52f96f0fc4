import { Accordion, MultiSelect, SimpleGrid, Stack, Switch, Text } from "@mantine/core";
import { useCollections } from "@/api/collections";
import type { AuthOptions } from "@/api/schema";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";
import { isUnique, readIndex } from "../index-sql";
import { RuleEditor } from "../rule-editor";
import type { Draft } from "../use-draft";
import { ExtraOptions } from "./extra-options";
import { MailTemplates, TemplateInputs } from "./mail-templates";
import { OAuth2Options } from "./oauth2-options";
import { Section } from "./section";
import { TokenOptionsList } from "./token-options";

/** How accounts of an auth collection log in, what they are sent, and how long their tokens live. */
export function AuthTab({ draft }: { draft: Draft }) {
  const { all } = useCollections();
  const { now, error } = draft;
  const options = now as typeof now & AuthOptions;
  const { passwordAuth, otp, mfa, authAlert } = options;
  const patch = <K extends "passwordAuth" | "otp" | "mfa" | "authAlert">(key: K, change: Partial<AuthOptions[K]>) => draft.set({ [key]: { ...options[key], ...change } });
  const isSuperusers = now.name === "_superusers";
  const identities = now.indexes.flatMap((sql) => {
    const parts = isUnique(sql) ? readIndex(sql) : null;
    return parts?.columns.length === 1 && parts.columns[0] !== "tokenKey" ? parts.columns : [];
  });
  return (
    <Accordion variant="separated" multiple defaultValue={["password"]}>
      <Section name="password" title={t("Password")} on={passwordAuth.enabled} fault={error("passwordAuth")}>
        <Stack gap="sm">
          <Switch label={t("Log in with a password")} checked={passwordAuth.enabled} disabled={isSuperusers} onChange={(event) => patch("passwordAuth", { enabled: event.currentTarget.checked })} />
          <MultiSelect
            label={t("Names to log in with")}
            description={t("Fields with an index of their own that is unique")}
            data={[...new Set([...identities, ...passwordAuth.identityFields])]}
            value={passwordAuth.identityFields}
            onChange={(identityFields) => patch("passwordAuth", { identityFields })}
            error={error("passwordAuth.identityFields")}
          />
        </Stack>
      </Section>
      <Section name="otp" title={t("One-time password by mail")} on={otp.enabled} fault={error("otp")}>
        <Stack gap="sm">
          <Switch label={t("Log in with a code that is sent by mail")} description={isSuperusers ? t("Superusers then need the password too") : undefined} checked={otp.enabled} onChange={(event) => patch("otp", { enabled: event.currentTarget.checked })} />
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <NumberBox label={t("Valid for seconds")} value={otp.duration} onChange={(duration) => patch("otp", { duration: duration ?? 0 })} error={error("otp.duration")} />
            <NumberBox label={t("Digits")} value={otp.length} onChange={(length) => patch("otp", { length: length ?? 0 })} error={error("otp.length")} />
          </SimpleGrid>
          <TemplateInputs collection={now} template="otp" value={otp.emailTemplate} onChange={(emailTemplate) => patch("otp", { emailTemplate })} placeholders="{APP_NAME} {APP_URL} {OTP} {OTP_ID}" error={(part) => error(`otp.emailTemplate.${part}`)} />
        </Stack>
      </Section>
      {!isSuperusers && (
        <Section name="oauth2" title={t("Other services (OAuth2)")} on={options.oauth2.enabled} fault={error("oauth2")}>
          <OAuth2Options draft={draft} value={options.oauth2} />
        </Section>
      )}
      <Section name="mfa" title={t("Two steps (MFA)")} on={mfa.enabled} fault={error("mfa")}>
        <Stack gap="sm">
          <Switch label={t("Ask for two different ways to log in")} description={t("At least two ways must be on")} checked={mfa.enabled} onChange={(event) => patch("mfa", { enabled: event.currentTarget.checked })} error={error("mfa.enabled")} />
          <NumberBox label={t("Seconds between the steps at most")} maw={280} value={mfa.duration} onChange={(duration) => patch("mfa", { duration: duration ?? 0 })} error={error("mfa.duration")} />
          <RuleEditor label={t("Only for these accounts")} about={t("Everybody means all accounts")} rule={mfa.rule} set={(rule) => patch("mfa", { rule: rule ?? "" })} collection={now} all={all} error={error("mfa.rule")} disabled={false} publicAllowed />
        </Stack>
      </Section>
      <ExtraOptions draft={draft} />
      <Section name="alert" title={t("Mail after a login from a new place")} on={authAlert.enabled} fault={error("authAlert")}>
        <Stack gap="sm">
          <Switch label={t("Send a mail")} checked={authAlert.enabled} onChange={(event) => patch("authAlert", { enabled: event.currentTarget.checked })} />
          <TemplateInputs collection={now} template="login-alert" value={authAlert.emailTemplate} onChange={(emailTemplate) => patch("authAlert", { emailTemplate })} placeholders="{APP_NAME} {APP_URL} {ALERT_INFO}" error={(part) => error(`authAlert.emailTemplate.${part}`)} />
        </Stack>
      </Section>
      <Section name="mails" title={t("Mails")} fault={error("verificationTemplate") ?? error("resetPasswordTemplate") ?? error("confirmEmailChangeTemplate")}>
        <MailTemplates draft={draft} />
      </Section>
      <Section name="tokens" title={t("Tokens")} fault={undefined}>
        <Text size="sm" c="dimmed" mb="sm">{t("How long tokens are good, and a way to end all of them at once.")}</Text>
        <TokenOptionsList draft={draft} />
      </Section>
    </Accordion>
  );
}
