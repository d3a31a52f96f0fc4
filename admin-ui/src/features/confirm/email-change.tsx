import { Alert, PasswordInput } from "@mantine/core";
import { useState } from "react";
import { pb } from "@/api/client";
import { t } from "@/i18n";
import { GuestFrame } from "@/ui/guest-frame";
import { SubmitForm } from "@/ui/submit-form";
import { useMailToken } from "./token";

export function ConfirmEmailChange() {
  const { token, collection, newEmail } = useMailToken();
  const [done, setDone] = useState(false);
  if (done) {
    return (
      <GuestFrame title={t("The email address is changed")}>
        <Alert>{t("You can log in with the new address now, and close this page.")}</Alert>
      </GuestFrame>
    );
  }
  return (
    <GuestFrame title={t("Confirm the new email address")} intro={newEmail && t("Your password confirms that {email} shall be your address.", { email: newEmail })}>
      <SubmitForm
        action={t("Confirm")}
        names={["password"]}
        submit={async ({ password = "" }) => {
          await pb.collection(collection || "_").confirmEmailChange(token, password);
          setDone(true);
        }}
      >
        {(errors) => <PasswordInput name="password" label={t("Password")} autoComplete="current-password" required autoFocus error={errors["password"]} />}
      </SubmitForm>
    </GuestFrame>
  );
}
