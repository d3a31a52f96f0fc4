import { Anchor, TextInput } from "@mantine/core";
import { SUPERUSERS } from "@/api/client";
import { loginWithTotp } from "@/api/credentials";
import { t } from "@/i18n";
import { SubmitForm } from "@/ui/submit-form";

/** The second step with a code of an app, or with one of the recovery codes. */
export function TotpStep({ mfaId, done, byMail }: { mfaId: string; done: () => void; byMail?: () => void }) {
  return (
    <>
      <SubmitForm
        action={t("Log in")}
        names={["code"]}
        submit={async ({ code = "" }) => {
          await loginWithTotp(SUPERUSERS, mfaId, code.trim());
          done();
        }}
      >
        {(errors) => <TextInput name="code" label={t("Code of your app")} description={t("or one of your recovery codes")} autoComplete="one-time-code" required autoFocus error={errors["code"]} />}
      </SubmitForm>
      {byMail && (
        <Anchor component="button" type="button" size="sm" onClick={byMail}>
          {t("Send me a code by mail instead")}
        </Anchor>
      )}
    </>
  );
}
