import { ActionIcon, Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { t } from "@/i18n";
import { IconCheck, IconCopy } from "./icons";

export function CopyButton({ text, label, size = "sm" }: { text: string; label?: string; size?: "xs" | "sm" | "md" }) {
  const { copied, copy } = useClipboard({ timeout: 1200 });
  const name = copied ? t("Copied") : (label ?? t("Copy"));
  return (
    <Tooltip label={name}>
      <ActionIcon
        size={size}
        aria-label={name}
        onClick={(event) => {
          event.stopPropagation();
          copy(text);
        }}
      >
        {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
      </ActionIcon>
    </Tooltip>
  );
}
