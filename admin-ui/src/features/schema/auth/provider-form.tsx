import { Button, Group, Modal, PasswordInput, Select, Stack, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";
import type { OAuth2Provider } from "@/api/schema";
import { t } from "@/i18n";
import { useFocusBack } from "@/ui/use-focus-back";
import { AppleSecret } from "./apple-secret";

interface Props {
  provider: OAuth2Provider;
  title: string;
  isNew: boolean;
  error: (name: string) => string | undefined;
  set: (provider: OAuth2Provider) => void;
  close: () => void;
}

/** Services that everybody may run, so that their addresses are not known beforehand. */
const SELF_HOSTED = /^(oidc\d?|gitea|gitlab|mailcow)$/;
const EMAIL_CLAIMS = ["email", "email_and_xms_edov", "verified_primary_email", "any_verified"];

export function ProviderForm({ provider, title, isNew, error, set, close }: Props) {
  useFocusBack();
  const [draft, setDraft] = useState(provider);
  const change = (part: Partial<OAuth2Provider>) => setDraft((before) => ({ ...before, ...part }));
  const extra = (key: string, value: unknown) => change({ extra: { ...draft.extra, [key]: value } });
  const isOidc = draft.name.startsWith("oidc");
  const tenant = /microsoftonline\.com\/([^/]+)/.exec(draft.authURL)?.[1] ?? "";
  const setTenant = (name: string) => {
    const root = name ? `https://login.microsoftonline.com/${name}/oauth2/v2.0` : "";
    change({ authURL: root && `${root}/authorize`, tokenURL: root && `${root}/token` });
  };
  const setLark = (site: string | null) => {
    const international = site === "larksuite.com";
    change({
      authURL: international ? "https://accounts.larksuite.com/open-apis/authen/v1/authorize" : "",
      tokenURL: international ? "https://open.larksuite.com/open-apis/authen/v2/oauth/token" : "",
      userInfoURL: international ? "https://open.larksuite.com/open-apis/authen/v1/user_info" : "",
    });
  };
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ "aria-label": t("Close") }}>
      <Stack gap="sm">
        <TextInput label={t("Client id")} withAsterisk data-autofocus value={draft.clientId} onChange={(event) => change({ clientId: event.currentTarget.value })} error={error("clientId")} />
        <PasswordInput label={t("Client secret")} withAsterisk={isNew} autoComplete="off" placeholder={isNew ? "" : t("Leave empty to keep it")} value={draft.clientSecret ?? ""} onChange={(event) => change({ clientSecret: event.currentTarget.value })} error={error("clientSecret")} />
        {draft.name === "apple" && <AppleSecret clientId={draft.clientId} done={(clientSecret) => change({ clientSecret })} />}
        {draft.name === "microsoft" && (
          <>
            <TextInput label={t("Tenant")} placeholder="common" value={tenant} onChange={(event) => setTenant(event.currentTarget.value)} />
            <Select label={t("Address from")} clearable placeholder="Graph" data={EMAIL_CLAIMS} value={(draft.extra?.["idTokenEmailClaim"] as string | undefined) ?? null} onChange={(claim) => change({ extra: claim ? { idTokenEmailClaim: claim } : null })} />
          </>
        )}
        {draft.name === "lark" && <Select label={t("Site")} data={["feishu.cn", "larksuite.com"]} allowDeselect={false} value={draft.authURL.includes("larksuite") ? "larksuite.com" : "feishu.cn"} onChange={setLark} />}
        {SELF_HOSTED.test(draft.name) && (
          <>
            {isOidc && <TextInput label={t("Name that people see")} placeholder="OIDC" value={draft.displayName} onChange={(event) => change({ displayName: event.currentTarget.value })} />}
            <TextInput label={t("Address to log in at")} type="url" withAsterisk={isOidc} value={draft.authURL} onChange={(event) => change({ authURL: event.currentTarget.value })} error={error("authURL")} />
            <TextInput label={t("Address for tokens")} type="url" withAsterisk={isOidc} value={draft.tokenURL} onChange={(event) => change({ tokenURL: event.currentTarget.value })} error={error("tokenURL")} />
            {isOidc && (
              <Select
                label={t("Account data from")}
                allowDeselect={false}
                data={[{ value: "url", label: t("an address") }, { value: "token", label: t("the id token") }]}
                value={draft.extra === null ? "url" : "token"}
                onChange={(from) => change(from === "url" ? { extra: null } : { extra: {}, userInfoURL: "" })}
              />
            )}
            {draft.extra === null || !isOidc ? (
              <TextInput label={t("Address of the account data")} type="url" value={draft.userInfoURL} onChange={(event) => change({ userInfoURL: event.currentTarget.value })} error={error("userInfoURL")} />
            ) : (
              <>
                <TextInput label={t("Address of the keys (JWKS)")} type="url" value={String(draft.extra["jwksURL"] ?? "")} onChange={(event) => extra("jwksURL", event.currentTarget.value)} />
                <TagsInput label={t("Issuers")} value={(draft.extra["issuers"] as string[] | undefined) ?? []} onChange={(issuers) => extra("issuers", issuers)} />
              </>
            )}
            {isOidc && (
              <Select
                label="PKCE"
                allowDeselect={false}
                data={[{ value: "null", label: t("as the service has it") }, { value: "true", label: t("Yes") }, { value: "false", label: t("No") }]}
                value={String(draft.pkce)}
                onChange={(value) => change({ pkce: value === "null" ? null : value === "true" })}
              />
            )}
          </>
        )}
        <Group justify="flex-end">
          <Button
            onClick={() => {
              // An empty secret of a saved service means "as it is", which is said by leaving it out.
              const { clientSecret, ...rest } = draft;
              set(clientSecret ? draft : rest);
              close();
            }}
          >
            {t("Take it")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
