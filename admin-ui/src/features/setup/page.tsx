import { Anchor, PasswordInput, TextInput } from "@mantine/core";
import { superusers } from "@/api/client";
import { t } from "@/i18n";
import { go, useRoute } from "@/lib/route";
import { GuestFrame } from "@/ui/guest-frame";
import { SubmitForm } from "@/ui/submit-form";

const PASSWORD_LENGTH_MIN = 8;

/** The first superuser, made with the token that the server printed when it started without one. */
export function SetupPage() {
  const token = useRoute().path[1] ?? "";
  const submit = async ({ email = "", password = "", passwordConfirm = "" }: Record<string, string>) => {
    await superusers.create({ email, password, passwordConfirm }, { headers: { Authorization: token } });
    await superusers.authWithPassword(email, password);
    go("#/collections");
  };
  return (
    <GuestFrame
      title={t("Welcome")}
      intro={t("Make the first superuser of this server. A superuser may read and change everything.")}
    >
      <SubmitForm action={t("Create and log in")} submit={submit} names={["email", "password", "passwordConfirm"]}>
        {(errors) => (
          <>
            <TextInput name="email" type="email" label={t("Email")} autoComplete="username" required autoFocus error={errors["email"]} />
            <PasswordInput
              name="password"
              label={t("Password")}
              description={t("At least {count} characters", { count: PASSWORD_LENGTH_MIN })}
              autoComplete="new-password"
              minLength={PASSWORD_LENGTH_MIN}
              required
              error={errors["password"]}
            />
            <PasswordInput
              name="passwordConfirm"
              label={t("Password again")}
              autoComplete="new-password"
              required
              error={errors["passwordConfirm"]}
            />
          </>
        )}
      </SubmitForm>
      <Anchor size="sm" href="#/login" ta="center">
        {t("There is a superuser already? Log in")}
      </Anchor>
    </GuestFrame>
  );
}
