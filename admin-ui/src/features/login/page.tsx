import { Alert, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { superusers } from "@/api/client";
import { t } from "@/i18n";
import { go } from "@/lib/route";
import { GuestFrame } from "@/ui/guest-frame";
import { FailureNotice } from "@/ui/states";
import { CodeStep } from "./code-step";
import { PasswordStep } from "./password-step";

interface Pending {
  mfaId: string;
  email: string;
}

/** Leaves the login for the page that was asked for, or for the start. */
function arrive(): void {
  if (location.hash.startsWith("#/login")) go("#/collections");
}

/** One or two steps: whatever the superusers' collection asks for. */
export function LoginPage() {
  const methods = useQuery({ queryKey: ["superuser-methods"], queryFn: () => superusers.listAuthMethods() });
  const [pending, setPending] = useState<Pending | null>(null);
  if (methods.isPending) return <GuestFrame title={t("Log in")}><Loader type="dots" mx="auto" aria-label={t("Loading")} /></GuestFrame>;
  if (methods.error) return <GuestFrame title={t("Log in")}><FailureNotice failure={methods.error} retry={() => void methods.refetch()} /></GuestFrame>;

  const { mfa, otp, password } = methods.data;
  const intro = mfa.enabled ? t("Step {step} of 2", { step: pending ? 2 : 1 }) : t("For superusers of this server.");
  const next = (mfaId: string, email: string) => setPending({ mfaId, email });
  return (
    <GuestFrame title={t("Log in")} intro={intro}>
      {pending && otp.enabled ? (
        <CodeStep email={pending.email} mfaId={pending.mfaId} done={arrive} />
      ) : password.enabled ? (
        <PasswordStep done={arrive} secondStep={next} identityFields={password.identityFields ?? ["email"]} />
      ) : otp.enabled ? (
        <CodeStep email="" mfaId="" done={arrive} />
      ) : (
        <Alert color="yellow">{t("No way to log in is switched on. Use the command line to make one.")}</Alert>
      )}
    </GuestFrame>
  );
}
