import { ActionIcon, Button, Group, Select, SimpleGrid, Stack, Switch, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { loadProviders } from "@/api/collections";
import type { AuthOptions, OAuth2Provider } from "@/api/schema";
import { t } from "@/i18n";
import { IconPlus, IconSettings, IconTrash } from "@/ui/icons";
import type { Draft } from "../use-draft";
import { ProviderForm } from "./provider-form";
import { ProviderLogo } from "./provider-logo";
import { ProviderPicker } from "./provider-picker";

const MAPPED = () =>
  [
    { key: "name", label: t("Full name"), kinds: ["text"] },
    { key: "avatarURL", label: t("Picture"), kinds: ["file", "url", "text"] },
    { key: "id", label: t("Id at the service"), kinds: ["text"] },
    { key: "username", label: t("User name"), kinds: ["text"] },
  ] as const;

const blank = (name: string): OAuth2Provider => ({ name, clientId: "", clientSecret: "", authURL: "", tokenURL: "", userInfoURL: "", displayName: "", pkce: null, extra: null });

/** Logging in through other services: which, with what keys, and what is taken over from them. */
export function OAuth2Options({ draft, value }: { draft: Draft; value: AuthOptions["oauth2"] }) {
  const { data: known = [] } = useQuery({ queryKey: ["oauth2-providers"], queryFn: loadProviders, staleTime: Infinity, retry: false });
  const [picking, setPicking] = useState(false);
  const [edited, setEdited] = useState<number | null>(null);
  const set = (change: Partial<AuthOptions["oauth2"]>) => draft.set({ oauth2: { ...value, ...change } });
  const { providers } = value;
  const infoOf = (name: string) => known.find((each) => each.name === name);
  const provider = edited === null ? undefined : providers[edited];
  return (
    <Stack gap="sm">
      <Switch label={t("Log in through other services")} checked={value.enabled} onChange={(event) => set({ enabled: event.currentTarget.checked })} />
      {providers.map((each, at) => (
        <Group key={each.name} justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <ProviderLogo info={infoOf(each.name)} />
            <div>
              <Text size="sm" fw={500}>{each.displayName || infoOf(each.name)?.displayName || each.name}</Text>
              <Text size="xs" c={draft.error(`oauth2.providers.${at}`) ? "red" : "dimmed"} className="hs-clip">{draft.error(`oauth2.providers.${at}`) ?? (each.clientId || t("no client id yet"))}</Text>
            </div>
          </Group>
          <Group gap={4} wrap="nowrap">
            <ActionIcon aria-label={t("Options of {name}", { name: each.name })} onClick={() => setEdited(at)}>
              <IconSettings size={16} />
            </ActionIcon>
            <ActionIcon aria-label={t("Remove {name}", { name: each.name })} onClick={() => set({ providers: providers.toSpliced(at, 1) })}>
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        </Group>
      ))}
      <Button variant="default" w="fit-content" leftSection={<IconPlus size={16} />} onClick={() => setPicking(true)}>
        {t("Add a service")}
      </Button>
      <Text size="sm" fw={500} mt="xs">{t("What a new account takes over")}</Text>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {MAPPED().map(({ key, label, kinds }) => (
          <Select
            key={key}
            label={label}
            clearable
            placeholder={t("nothing")}
            data={draft.now.fields.filter((field) => !field.system && (kinds as readonly string[]).includes(field.type)).map((field) => field.name)}
            value={value.mappedFields[key] || null}
            onChange={(name) => set({ mappedFields: { ...value.mappedFields, [key]: name ?? "" } })}
          />
        ))}
      </SimpleGrid>
      {picking && (
        <ProviderPicker
          known={known.filter((each) => !providers.some((taken) => taken.name === each.name))}
          close={() => setPicking(false)}
          pick={(name) => {
            set({ providers: [...providers, blank(name)] });
            setPicking(false);
            setEdited(providers.length);
          }}
        />
      )}
      {edited !== null && provider && (
        <ProviderForm
          provider={provider}
          title={infoOf(provider.name)?.displayName ?? provider.name}
          isNew={!draft.saved?.oauth2?.providers.some((each) => each.name === provider.name)}
          error={(name) => draft.error(`oauth2.providers.${edited}.${name}`)}
          set={(next) => set({ providers: providers.toSpliced(edited, 1, next) })}
          close={() => setEdited(null)}
        />
      )}
    </Stack>
  );
}
