import { KeyList } from "@/account/keys";
import { SUPERUSERS } from "@/api/client";
import { t } from "@/i18n";
import { SettingsFrame } from "@/ui/settings-form";

/** The keys of whoever is logged in; those of others are on their accounts. */
export function KeysPage() {
  return (
    <SettingsFrame title={t("API keys")} intro={t("Your own keys for programs. Those of other accounts are on their records.")}>
      <KeyList owner={{ collection: SUPERUSERS }} />
    </SettingsFrame>
  );
}
