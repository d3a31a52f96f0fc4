import { Alert, Button, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { SUPERUSERS, superusers } from "@/api/client";
import { loginWithPasskey } from "@/api/credentials";
import { t } from "@/i18n";
import { go } from "@/lib/route";
import { GuestFrame } from "@/ui/guest-frame";
import { IconFingerprint } from "@/ui/icons";
import { FailureNotice } from "@/ui/states";
import { CodeStep } from "./code-step";
import { attempt } from "@/ui/toast";
import { PasswordStep } from "./password-step";
import { TotpStep } from "./totp-step";

/** What servers of ours add to the SDK's list of ways. */
interface Extras {
  totp?: { enabled: boolean };
  passkeys?: { enabled: boolean };
}

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
  // Not from memory: what whoever was logged in has switched on meanwhile counts at once.
  const methods = useQuery({ gcTime: 0, queryKey: ["superuser-methods"], queryFn: () => superusers.listAuthMethods({ fields: "mfa,otp,password,oauth2,totp,passkeys" }) });
  const [pending, setPending] = useState<Pending | null>(null);
  const [byMail, setByMail] = useState(false);
  if (methods.isPending) return <GuestFrame title={t("Log in")}><Loader type="dots" mx="auto" aria-label={t("Loading")} /></GuestFrame>;
  if (methods.error) return <GuestFrame title={t("Log in")}><FailureNotice failure={methods.error} retry={() => void methods.refetch()} /></GuestFrame>;

  const { mfa, otp, password, totp, passkeys } = methods.data as typeof methods.data & Extras;
  const intro = mfa.enabled || pending ? t("Step {step} of 2", { step: pending ? 2 : 1 }) : t("For superusers of this server.");
  const next = (mfaId: string, email: string) => setPending({ mfaId, email });
  return (
    <GuestFrame title={t("Log in")} intro={intro}>
      {pending && totp?.enabled && !byMail ? (
        <TotpStep mfaId={pending.mfaId} done={arrive} {...(otp.enabled && { byMail: () => setByMail(true) })} />
      ) : pending && otp.enabled ? (
        <CodeStep email={pending.email} mfaId={pending.mfaId} done={arrive} />
      ) : password.enabled ? (
        <PasswordStep done={arrive} secondStep={next} identityFields={password.identityFields ?? ["email"]} />
      ) : otp.enabled ? (
        <CodeStep email="" mfaId="" done={arrive} />
      ) : (
        <Alert color="yellow">{t("No way to log in is switched on. Use the command line to make one.")}</Alert>
      )}
      {passkeys?.enabled && !pending && "credentials" in navigator && (
        <Button variant="default" leftSection={<IconFingerprint size={17} />} onClick={() => void attempt(() => loginWithPasskey(SUPERUSERS).then(arrive))}>
          {t("Log in with a passkey")}
        </Button>
      )}
    </GuestFrame>
  );
}
