import { Combobox, Textarea, useCombobox } from "@mantine/core";
import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { completions, type Scope } from "./words";
import type { Collection } from "@/api/schema";
import classes from "./input.module.css";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  collection: Collection;
  all: Collection[];
  scope: Scope;
  /** Enter, when no suggestion is open. */
  onSubmit?: () => void;
  placeholder?: string;
  error?: string | undefined;
  disabled?: boolean;
  leftSection?: ReactNode;
  rightSection?: ReactNode;
  rightSectionWidth?: number;
  id?: string;
}

const ROWS_MAX = 8;

/** A text box for filters and rules, which completes names as they are written. */
export function RuleInput({ label, value, onChange, collection, all, scope, onSubmit, error, ...rest }: Props) {
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const box = useRef<HTMLTextAreaElement>(null);
  const [found, setFound] = useState<{ from: number; options: string[] }>({ from: 0, options: [] });

  const look = (text: string, caret: number) => {
    const next = completions(text.slice(0, caret), { collection, all, scope });
    setFound(next);
    if (next.options.length > 0) combobox.openDropdown();
    else combobox.closeDropdown();
    combobox.resetSelectedOption();
  };
  const take = (option: string) => {
    const caret = box.current?.selectionStart ?? value.length;
    const text = value.slice(0, found.from) + option + value.slice(caret);
    onChange(text);
    const place = found.from + option.length;
    requestAnimationFrame(() => {
      box.current?.focus();
      box.current?.setSelectionRange(place, place);
      if (option.endsWith(".")) look(text, place);
      else combobox.closeDropdown();
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const open = combobox.dropdownOpened && found.options.length > 0;
    const selected = combobox.getSelectedOptionIndex();
    if (event.key === "Tab" && open && !event.shiftKey) {
      event.preventDefault();
      take(found.options[Math.max(selected, 0)] ?? "");
    } else if (event.key === "Enter" && !(open && selected >= 0)) {
      if (!onSubmit) return;
      event.preventDefault();
      combobox.closeDropdown();
      onSubmit();
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      combobox.closeDropdown();
    }
  };

  return (
    <Combobox store={combobox} keepMounted={false} onOptionSubmit={take} shadow="md" position="bottom-start" width="max-content">
      <Combobox.Target withKeyboardNavigation={combobox.dropdownOpened}>
        <Textarea
          ref={box}
          {...rest}
          error={error}
          aria-label={label}
          classNames={{ input: classes["input"] ?? "" }}
          autosize={false}
          rows={Math.min(ROWS_MAX, value.split("\n").length)}
          spellCheck={false}
          autoCapitalize="off"
          autoCorrect="off"
          value={value}
          onChange={(event) => {
            onChange(event.currentTarget.value);
            look(event.currentTarget.value, event.currentTarget.selectionStart);
          }}
          onKeyDown={onKeyDown}
          onBlur={() => combobox.closeDropdown()}
        />
      </Combobox.Target>
      <Combobox.Dropdown className={classes["list"] ?? ""} hidden={found.options.length === 0}>
        <Combobox.Options aria-label={label}>
          {found.options.map((option) => (
            <Combobox.Option value={option} key={option} className={classes["option"] ?? ""}>
              {option}
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
