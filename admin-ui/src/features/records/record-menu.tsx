import { Button, Menu } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { useState } from "react";
import { pb } from "@/api/client";
import { type Row, updateRecord } from "@/api/records";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import { downloadJson } from "@/lib/download";
import { patchQuery } from "@/lib/route";
import { confirm } from "@/ui/confirm";
import { IconBraces, IconCopy, IconDots, IconDownload, IconLogout, IconMail, IconTrash, IconUserKey } from "@/ui/icons";
import { attempt, say } from "@/ui/toast";
import { Impersonate } from "./impersonate";

interface Props {
  collection: Collection;
  record: Row;
  close: () => void;
  remove: (ids: string[]) => void;
  reload: () => void;
}

/** What else can be done with a record. */
export function RecordMenu({ collection, record, close, remove, reload }: Props) {
  const { copy } = useClipboard();
  const [impersonating, setImpersonating] = useState(false);
  const accounts = pb.collection(collection.name);
  const email = String(record["email"] ?? "");
  const isSuperuser = collection.name === "_superusers";
  const endTokens = async () => {
    const yes = await confirm({ title: t("End all logins of this account?"), body: t("Every token of this account stops working at once, on all devices."), action: t("End all logins"), danger: true });
    if (yes) await attempt(() => updateRecord(collection.name, record.id, { "tokenKey:autogenerate": "" }), t("All logins of this account are ended."));
    if (yes) reload();
  };
  return (
    <>
      <Menu position="top-start" width={250}>
        <Menu.Target>
          <Button variant="default" px="xs" aria-label={t("More actions")}>
            <IconDots size={17} />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {collection.type === "auth" && (
            <>
              {!isSuperuser && record["verified"] !== true && email && (
                <Menu.Item leftSection={<IconMail size={16} />} onClick={() => void attempt(() => accounts.requestVerification(email), t("A mail is on its way."))}>
                  {t("Send a mail to confirm the address")}
                </Menu.Item>
              )}
              {email && (
                <Menu.Item leftSection={<IconMail size={16} />} onClick={() => void attempt(() => accounts.requestPasswordReset(email), t("A mail is on its way."))}>
                  {t("Send a mail to reset the password")}
                </Menu.Item>
              )}
              <Menu.Item leftSection={<IconUserKey size={16} />} onClick={() => setImpersonating(true)}>
                {t("Make a token for this account")}
              </Menu.Item>
              <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void endTokens()}>
                {t("End all logins")}
              </Menu.Item>
              <Menu.Divider />
            </>
          )}
          <Menu.Item
            leftSection={<IconBraces size={16} />}
            onClick={() => {
              copy(JSON.stringify(record, null, 2));
              say(t("Copied"));
            }}
          >
            {t("Copy as JSON")}
          </Menu.Item>
          <Menu.Item leftSection={<IconDownload size={16} />} onClick={() => downloadJson(`${record.id}.json`, record)}>
            {t("Download as JSON")}
          </Menu.Item>
          <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => patchQuery({ record: "new", copy: record.id })}>
            {t("Duplicate")}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={16} />}
            onClick={() => {
              close();
              remove([record.id]);
            }}
          >
            {t("Delete")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {impersonating && <Impersonate collection={collection} record={record} close={() => setImpersonating(false)} />}
    </>
  );
}
