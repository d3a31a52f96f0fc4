import { Alert, Button, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { pb } from "@/api/client";
import { t } from "@/i18n";
import { GuestFrame } from "@/ui/guest-frame";
import { attempt } from "@/ui/toast";
import { useMailToken } from "./token";

/** Confirms at once, and offers another mail when the link is no longer good. */
export function ConfirmVerification() {
  const { token, collection, email } = useMailToken();
  const [resent, setResent] = useState(false);
  const accounts = pb.collection(collection || "_");
  const { isPending, error } = useQuery({
    queryKey: ["verification", token],
    queryFn: () => accounts.confirmVerification(token),
    retry: false,
    staleTime: Infinity,
  });
  if (isPending) return <GuestFrame title={t("Confirming your address")}><Loader type="dots" mx="auto" aria-label={t("Loading")} /></GuestFrame>;
  if (!error) {
    return (
      <GuestFrame title={t("Your address is confirmed")}>
        <Alert>{t("Thank you. You can close this page.")}</Alert>
      </GuestFrame>
    );
  }
  return (
    <GuestFrame title={t("This link does not work")}>
      <Alert color="red" role="alert">
        {t("It may be too old, or used already.")}
      </Alert>
      {email && (
        <Button disabled={resent} onClick={async () => setResent(await attempt(() => accounts.requestVerification(email), t("A mail is on its way.")))}>
          {t("Send a new mail to {email}", { email })}
        </Button>
      )}
    </GuestFrame>
  );
}
