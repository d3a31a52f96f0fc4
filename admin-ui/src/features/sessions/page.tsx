import { Title } from "@mantine/core";
import { OwnPasskeys } from "@/account/passkeys";
import { SessionList } from "@/account/sessions";
import { OwnTotp } from "@/account/totp";
import { SUPERUSERS } from "@/api/client";
import { t } from "@/i18n";
import { SettingsFrame } from "@/ui/settings-form";

/** Where and how whoever is logged in logs in. */
export function SessionsPage() {
  return (
    <SettingsFrame title={t("Your logins")} intro={t("Where you are logged in, and what else proves that it is you.")}>
      <section>
        <Title order={2} mb="sm">{t("Sessions")}</Title>
        <SessionList owner={{ collection: SUPERUSERS }} />
      </section>
      <section>
        <Title order={2} mb="sm">{t("App with codes")}</Title>
        <OwnTotp />
      </section>
      <section>
        <Title order={2} mb="sm">{t("Passkeys")}</Title>
        <OwnPasskeys />
      </section>
    </SettingsFrame>
  );
}
