import { Alert, Anchor, TextInput } from "@mantine/core";
import { useState } from "react";
import { superusers } from "@/api/client";
import { t } from "@/i18n";
import { GuestFrame } from "@/ui/guest-frame";
import { SubmitForm } from "@/ui/submit-form";

export function ForgottenPage() {
  const [sentTo, setSentTo] = useState("");
  const submit = async ({ email = "" }: Record<string, string>) => {
    await superusers.requestPasswordReset(email);
    setSentTo(email);
  };
  return (
    <GuestFrame title={t("Forgot the password?")} intro={t("We send you a mail with a link to set a new one.")}>
      {sentTo ? (
        <Alert>{t("If {email} is a superuser, a mail is on its way. Look into your inbox.", { email: sentTo })}</Alert>
      ) : (
        <SubmitForm action={t("Send the mail")} submit={submit} names={["email"]}>
          {(errors) => <TextInput name="email" type="email" label={t("Email")} autoComplete="username" required autoFocus error={errors["email"]} />}
        </SubmitForm>
      )}
      <Anchor size="sm" href="#/login" ta="center">
        {t("Back to the login")}
      </Anchor>
    </GuestFrame>
  );
}
