import { Anchor, PasswordInput, TextInput } from "@mantine/core";
import { ClientResponseError } from "pocketbase";
import { superusers } from "@/api/client";
import { t } from "@/i18n";
import { useRoute } from "@/lib/route";
import { SubmitForm } from "@/ui/submit-form";

interface Props {
  done: () => void;
  /** The password was right and a second factor is wanted. */
  secondStep: (mfaId: string, email: string) => void;
  identityFields: string[];
}

export function PasswordStep({ done, secondStep, identityFields }: Props) {
  const { query } = useRoute();
  const onlyEmail = identityFields.length === 1 && identityFields[0] === "email";
  const submit = async ({ identity = "", password = "" }: Record<string, string>) => {
    try {
      await superusers.authWithPassword(identity, password);
      done();
    } catch (failure) {
      const mfaId: unknown = failure instanceof ClientResponseError && failure.status === 401 ? failure.response["mfaId"] : undefined;
      if (typeof mfaId !== "string" || !mfaId) throw failure;
      secondStep(mfaId, identity);
    }
  };
  return (
    <>
      <SubmitForm action={t("Log in")} submit={submit} names={["identity", "password"]}>
        {(errors) => (
          <>
            <TextInput
              name="identity"
              type={onlyEmail ? "email" : "text"}
              label={onlyEmail ? t("Email") : t("Email or other name")}
              autoComplete="username"
              defaultValue={query.get("demoEmail") ?? ""}
              required
              autoFocus
              error={errors["identity"]}
            />
            <PasswordInput
              name="password"
              label={t("Password")}
              autoComplete="current-password"
              defaultValue={query.get("demoPassword") ?? ""}
              required
              error={errors["password"]}
            />
          </>
        )}
      </SubmitForm>
      <Anchor size="sm" href="#/request-password-reset" ta="center">
        {t("Forgot the password?")}
      </Anchor>
    </>
  );
}
