import { Anchor, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { superusers } from "@/api/client";
import { t } from "@/i18n";
import { SubmitForm } from "@/ui/submit-form";
import { attempt } from "@/ui/toast";

interface Props {
  email: string;
  mfaId: string;
  done: () => void;
}

/** A code by mail: asks for the address, sends the code, takes the code. */
export function CodeStep({ email, mfaId, done }: Props) {
  const [sent, setSent] = useState<{ otpId: string; email: string } | null>(null);
  const request = async (address: string) => {
    const { otpId } = await superusers.requestOTP(address);
    setSent({ otpId, email: address });
  };

  if (!sent) {
    return (
      <SubmitForm action={t("Send me a code")} submit={({ email: address = "" }) => request(address)} names={["email"]}>
        {(errors) => (
          <TextInput name="email" type="email" label={t("Email")} autoComplete="username" defaultValue={email} required autoFocus error={errors["email"]} />
        )}
      </SubmitForm>
    );
  }
  return (
    <>
      <SubmitForm
        action={t("Log in")}
        names={["password"]}
        submit={async ({ password = "" }) => {
          await superusers.authWithOTP(sent.otpId, password.trim(), mfaId ? { mfaId } : {});
          done();
        }}
      >
        {(errors) => (
          <Stack gap="xs">
            <Text size="sm">{t("Enter the code that was sent to {email}.", { email: sent.email })}</Text>
            <TextInput
              name="password"
              label={t("Code")}
              inputMode="numeric"
              autoComplete="one-time-code"
              required
              autoFocus
              error={errors["password"]}
            />
          </Stack>
        )}
      </SubmitForm>
      <Anchor component="button" type="button" size="sm" onClick={() => void attempt(() => request(sent.email), t("A new code is on its way."))}>
        {t("Send another code")}
      </Anchor>
    </>
  );
}
