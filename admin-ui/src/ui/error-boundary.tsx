import { Button } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { t } from "@/i18n";
import { IconAlertTriangle } from "./icons";
import { Notice } from "./states";

/** Shows what broke instead of an empty page. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { failure: Error | null }> {
  override state = { failure: null as Error | null };

  static getDerivedStateFromError(failure: Error) {
    return { failure };
  }

  override render() {
    const { failure } = this.state;
    if (!failure) return this.props.children;
    return (
      <Notice
        icon={IconAlertTriangle}
        title={t("This page broke")}
        action={
          <Button mt="sm" onClick={() => location.reload()}>
            {t("Load the page again")}
          </Button>
        }
      >
        {failure.message}
      </Notice>
    );
  }
}
