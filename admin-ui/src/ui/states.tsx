import { Button, Center, Loader, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { explainFailure, failureKind } from "@/api/failure";
import { t } from "@/i18n";
import { IconAlertTriangle, IconDatabaseOff, IconLock, IconPlugConnectedX, type Icon } from "./icons";
import classes from "./states.module.css";

interface NoticeProps {
  icon?: Icon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

/** The middle of a page that has nothing else to show. */
export function Notice({ icon: Mark, title, children, action }: NoticeProps) {
  return (
    <Center p="xl" mih={220} role="status">
      <Stack align="center" gap="xs" maw={420} ta="center">
        {Mark && <Mark size={34} stroke={1.4} color="var(--hs-muted)" aria-hidden />}
        <Title order={2}>{title}</Title>
        {children && (
          <Text component="div" size="sm" c="dimmed">
            {children}
          </Text>
        )}
        {action}
      </Stack>
    </Center>
  );
}

/** What stands in for data that did not come, by what went wrong. */
export function FailureNotice({ failure, retry }: { failure: unknown; retry?: () => void }) {
  const again = retry && (
    <Button variant="light" mt="sm" onClick={retry}>
      {t("Try again")}
    </Button>
  );
  switch (failureKind(failure)) {
    case "offline":
      return (
        <Notice icon={IconPlugConnectedX} title={t("No connection")} action={again}>
          {t("The server did not answer. Is it running?")}
        </Notice>
      );
    case "forbidden":
      return (
        <Notice icon={IconLock} title={t("No permission")} action={again}>
          {explainFailure(failure)}
        </Notice>
      );
    case "missing":
      return (
        <Notice icon={IconDatabaseOff} title={t("Not found")} action={again}>
          {t("This is not there, or this server does not have it yet.")}
        </Notice>
      );
    default:
      return (
        <Notice icon={IconAlertTriangle} title={t("That did not work")} action={again}>
          {explainFailure(failure)}
        </Notice>
      );
  }
}

export function PageLoading() {
  return (
    <Center mih="60dvh" role="status" aria-label={t("Loading")}>
      <Loader type="dots" />
    </Center>
  );
}

export function ListLoading({ rows = 6 }: { rows?: number }) {
  return (
    // Plain elements: they are there for moments, between what somebody waits for.
    <div className={classes["bars"]} role="status" aria-label={t("Loading")}>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} className={classes["bar"]} style={{ width: `${92 - ((row * 17) % 40)}%` }} />
      ))}
    </div>
  );
}
