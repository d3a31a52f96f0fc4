import { Anchor, Button, FileButton, PasswordInput, TextInput } from "@mantine/core";
import { restoreBackup, uploadBackup, whenRestored } from "@/api/backups";
import { superusers } from "@/api/client";
import { t } from "@/i18n";
import { go, useRoute } from "@/lib/route";
import { confirm } from "@/ui/confirm";
import { GuestFrame } from "@/ui/guest-frame";
import { SubmitForm } from "@/ui/submit-form";
import { attempt } from "@/ui/toast";

const PASSWORD_LENGTH_MIN = 8;

/** The first superuser, made with the token that the server printed when it started without one. */
export function SetupPage() {
  const token = useRoute().path[1] ?? "";
  const submit = async ({ email = "", password = "", passwordConfirm = "" }: Record<string, string>) => {
    await superusers.create({ email, password, passwordConfirm }, { headers: { Authorization: token } });
    await superusers.authWithPassword(email, password);
    go("#/collections");
  };
  const restore = async (file: File) => {
    const sure = await confirm({ title: t("Put everything back from {name}?", { name: file.name }), body: t("Only restore backups that you trust."), action: t("Restore"), danger: true });
    if (!sure) return;
    const done = await attempt(async () => {
      await uploadBackup(file, token);
      await restoreBackup(file.name, { token });
    }, t("Restoring. The page loads again when the server is back."));
    if (done) await whenRestored(() => location.replace(location.pathname));
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
      <FileButton accept="application/zip,.zip" onChange={(file) => void (file && restore(file))}>
        {(props) => (
          <Button {...props} variant="subtle" size="compact-sm">
            {t("Start from a backup instead")}
          </Button>
        )}
      </FileButton>
      <Anchor size="sm" href="#/login" ta="center">
        {t("There is a superuser already? Log in")}
      </Anchor>
    </GuestFrame>
  );
}
