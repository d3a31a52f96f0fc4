import { Input, Text } from "@mantine/core";
import { useState } from "react";
import type { JsonField } from "@/api/schema";
import { t } from "@/i18n";
import { CodeEditor } from "@/ui/code-editor";
import { type InputProps, labelled } from "../input-props";

/** JSON as text. What is no JSON is kept as the text it is, and said so. */
export function JsonFieldInput(props: InputProps<JsonField>) {
  const { value, onChange, field } = props;
  const [text, setText] = useState(() => (value === null || value === undefined ? "" : JSON.stringify(value, null, 2)));
  const isValid = readJson(text) !== undefined;
  return (
    <Input.Wrapper {...labelled(props)} labelElement="div">
      <CodeEditor
        language="json"
        label={field.name}
        value={text}
        onChange={(next) => {
          setText(next);
          const parsed = readJson(next);
          onChange(parsed === undefined ? next : parsed);
        }}
      />
      {!isValid && (
        <Text size="xs" c="dimmed" mt={2}>
          {t("Not JSON yet; it would be saved as a text.")}
        </Text>
      )}
    </Input.Wrapper>
  );
}

function readJson(text: string): unknown {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
