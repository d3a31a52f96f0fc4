import type { ComponentType } from "react";
import { type Settings, useSettings } from "@/api/settings";
import { FailureNotice, PageLoading } from "@/ui/states";

/** A page that has the settings when it is shown. */
export function withSettings(Page: ComponentType<{ settings: Settings }>): () => React.ReactNode {
  return function Loaded() {
    const { data, error, refetch } = useSettings();
    if (data) return <Page settings={data} />;
    return error ? <FailureNotice failure={error} retry={() => void refetch()} /> : <PageLoading />;
  };
}
