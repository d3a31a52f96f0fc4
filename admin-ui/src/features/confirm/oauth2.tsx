import { Alert } from "@mantine/core";
import { useEffect } from "react";
import { t } from "@/i18n";
import { GuestFrame } from "@/ui/guest-frame";

export function OAuth2Success() {
  // The window was opened by the app, which now has what it needs.
  useEffect(() => window.close(), []);
  return (
    <GuestFrame title={t("You are logged in")}>
      <Alert>{t("You can close this window and go back to the app.")}</Alert>
    </GuestFrame>
  );
}

export function OAuth2Failure() {
  return (
    <GuestFrame title={t("The login did not work")}>
      <Alert color="red" role="alert">
        {t("You can close this window and go back to the app to try again.")}
      </Alert>
    </GuestFrame>
  );
}
