import type { ProviderInfo } from "@/api/collections";

export function ProviderLogo({ info }: { info: ProviderInfo | undefined }) {
  if (!info?.logo) return <span style={{ width: 20 }} />;
  return <img src={`data:image/svg+xml;utf8,${encodeURIComponent(info.logo)}`} alt="" width={20} height={20} />;
}
