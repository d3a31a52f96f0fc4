import { Button, Group, Stack } from "@mantine/core";
import { TOKEN_KINDS, type TokenKind } from "@/api/schema";
import { t } from "@/i18n";
import { randomText } from "@/lib/text";
import { NumberBox } from "@/ui/number-box";
import type { Draft } from "../use-draft";

const SECRET_LENGTH = 50;
const LABELS: Record<TokenKind, () => string> = {
  authToken: () => t("Logins"),
  passwordResetToken: () => t("Resetting a password"),
  emailChangeToken: () => t("Changing an address"),
  verificationToken: () => t("Confirming an address"),
  fileToken: () => t("Protected files"),
};

/** How long each kind of token lives. A new secret, made on saving, ends all that are out. */
export function TokenOptionsList({ draft }: { draft: Draft }) {
  return (
    <Stack gap="sm">
      {TOKEN_KINDS.map((kind) => {
        const options = draft.now[kind] ?? { duration: 0 };
        const ends = options.secret !== undefined;
        return (
          <Group key={kind} align="flex-end">
            <NumberBox flex={1} miw={200} label={`${LABELS[kind]()}: ${t("valid for seconds")}`} value={options.duration} onChange={(duration) => draft.set({ [kind]: { ...options, duration: duration ?? 0 } })} error={draft.error(kind)} />
            <Button
              variant={ends ? "light" : "default"}
              {...(ends && { color: "red" })}
              aria-pressed={ends}
              onClick={() => draft.set({ [kind]: ends ? { duration: options.duration } : { ...options, secret: randomText(SECRET_LENGTH) } })}
            >
              {ends ? t("All end on saving") : t("End all")}
            </Button>
          </Group>
        );
      })}
    </Stack>
  );
}
