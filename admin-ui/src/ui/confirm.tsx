import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import { t } from "@/i18n";

interface Question {
  title: string;
  body?: ReactNode;
  /** What the button that does it says. */
  action: string;
  danger?: boolean;
  /** A text that must be typed first, for what cannot be taken back. */
  typed?: string;
}

interface Asked extends Question {
  answer: (yes: boolean) => void;
}

let ask: ((asked: Asked) => void) | undefined;

/** Asks in a dialog; false when it is closed in any other way than by its button. */
export function confirm(question: Question): Promise<boolean> {
  return new Promise((answer) => (ask ? ask({ ...question, answer }) : answer(false)));
}

export function ConfirmHost() {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [opened, setOpened] = useState(false);
  const [text, setText] = useState("");
  useEffect(() => {
    ask = (next) => {
      setAsked(next);
      setText("");
      setOpened(true);
    };
    return () => (ask = undefined);
  }, []);

  const close = (yes: boolean) => {
    setOpened(false);
    asked?.answer(yes);
  };
  const ready = !asked?.typed || text.trim() === asked.typed;
  return (
    <Modal opened={opened} onClose={() => close(false)} title={asked?.title} zIndex={400} closeButtonProps={{ "aria-label": t("Close") }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          event.stopPropagation();
          if (ready) close(true);
        }}
      >
        <Stack>
          {asked?.body && (
            <Text component="div" size="sm">
              {asked.body}
            </Text>
          )}
          {asked?.typed && (
            <TextInput
              label={t("Type {text} to confirm", { text: asked.typed })}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              data-autofocus
              autoComplete="off"
              spellCheck={false}
            />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => close(false)}>
              {t("Cancel")}
            </Button>
            <Button type="submit" {...(asked?.danger && { color: "red" })} disabled={!ready} {...(!asked?.typed && { "data-autofocus": true })}>
              {asked?.action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
