import { Modal, SimpleGrid, Stack, Text, TextInput, Button } from "@mantine/core";
import { useState } from "react";
import type { ProviderInfo } from "@/api/collections";
import { t } from "@/i18n";
import { IconSearch } from "@/ui/icons";
import { Notice } from "@/ui/states";
import { useFocusBack } from "@/ui/use-focus-back";
import { ProviderLogo } from "./provider-logo";

interface Props {
  known: ProviderInfo[];
  pick: (name: string) => void;
  close: () => void;
}

export function ProviderPicker({ known, pick, close }: Props) {
  useFocusBack();
  const [typed, setTyped] = useState("");
  const term = typed.trim().toLowerCase();
  const found = known.filter(({ name, displayName }) => name.includes(term) || displayName.toLowerCase().includes(term));
  return (
    <Modal opened onClose={close} title={t("Add a service")} size="lg" closeButtonProps={{ "aria-label": t("Close") }}>
      <Stack>
        <TextInput data-autofocus leftSection={<IconSearch size={16} />} placeholder={t("Search services")} aria-label={t("Search services")} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        {found.length === 0 && <Notice title={t("Nothing found")}>{known.length === 0 && t("This server offers no services.")}</Notice>}
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs">
          {found.map((each) => (
            <Button key={each.name} variant="default" justify="flex-start" leftSection={<ProviderLogo info={each} />} onClick={() => pick(each.name)}>
              {each.displayName} <Text span size="xs" c="dimmed" ml={6}>{each.name}</Text>
            </Button>
          ))}
        </SimpleGrid>
      </Stack>
    </Modal>
  );
}
