import { Alert, PasswordInput } from "@mantine/core";
import { useState } from "react";
import { pb } from "@/api/client";
import { t } from "@/i18n";
import { GuestFrame } from "@/ui/guest-frame";
import { SubmitForm } from "@/ui/submit-form";
import { useMailToken } from "./token";

export function ConfirmPasswordReset() {
  const { token, collection, email } = useMailToken();
  const [done, setDone] = useState(false);
  const submit = async ({ password = "", passwordConfirm = "" }: Record<string, string>) => {
    await pb.collection(collection || "_").confirmPasswordReset(token, password, passwordConfirm);
    setDone(true);
  };
  if (done) {
    return (
      <GuestFrame title={t("The password is changed")}>
        <Alert>{t("You can log in with the new password now, and close this page.")}</Alert>
      </GuestFrame>
    );
  }
  return (
    <GuestFrame title={t("Set a new password")} intro={email && t("For the account {email}", { email })}>
      <SubmitForm action={t("Set the password")} submit={submit} names={["password", "passwordConfirm"]}>
        {(errors) => (
          <>
            <PasswordInput name="password" label={t("New password")} autoComplete="new-password" required autoFocus error={errors["password"]} />
            <PasswordInput name="passwordConfirm" label={t("Password again")} autoComplete="new-password" required error={errors["passwordConfirm"]} />
          </>
        )}
      </SubmitForm>
    </GuestFrame>
  );
}
