import { Accordion, Badge, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { t } from "@/i18n";

interface Props {
  name: string;
  title: string;
  /** Whether what the section is about is switched on; undefined when it has no switch. */
  on?: boolean;
  fault: string | undefined;
  children: ReactNode;
}

/** One fold of the page of an auth collection's options. */
export function Section({ name, title, on, fault, children }: Props) {
  return (
    <Accordion.Item value={name}>
      <Accordion.Control>
        <Group justify="space-between" pr="sm">
          <Text fw={500} size="sm">{title}</Text>
          {fault ? <Badge color="red">{t("fault")}</Badge> : on !== undefined && <Badge color={on ? "moss" : "gray"}>{on ? t("on") : t("off")}</Badge>}
        </Group>
      </Accordion.Control>
      <Accordion.Panel>{children}</Accordion.Panel>
    </Accordion.Item>
  );
}
