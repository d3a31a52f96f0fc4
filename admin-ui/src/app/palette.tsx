import { Kbd, Modal, ScrollArea, TextInput, UnstyledButton } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useCollections } from "@/api/collections";
import { t } from "@/i18n";
import { go, link } from "@/lib/route";
import { IconArrowRight, IconDatabase, IconPlus, IconPuzzle, IconSearch, type Icon } from "@/ui/icons";
import { useFocusBack } from "@/ui/use-focus-back";
import { useExtensions } from "./extensions";
import { SETTINGS_PAGES } from "./settings-pages";
import classes from "./palette.module.css";

interface Command {
  label: string;
  hint: string;
  icon: Icon;
  address: string;
}

const SHOWN_MAX = 12;

function useCommands(): Command[] {
  const { all } = useCollections();
  const { pages } = useExtensions();
  return [
    ...all.map((each) => ({ label: each.name, hint: t("Collection"), icon: IconDatabase, address: link("collections", { collection: each.name }) })),
    ...all
      .filter((each) => each.type !== "view" && !each.system)
      .map((each) => ({ label: t("New record in {name}", { name: each.name }), hint: t("Action"), icon: IconPlus, address: link("collections", { collection: each.name, record: "new" }) })),
    { label: t("New collection"), hint: t("Action"), icon: IconPlus, address: link("collections", { new: "base" }) },
    { label: t("Overview"), hint: t("Page"), icon: IconArrowRight, address: link("overview") },
    { label: t("Logs"), hint: t("Page"), icon: IconArrowRight, address: link("logs") },
    ...pages.map((page) => ({ label: page.label, hint: t("Extensions"), icon: IconPuzzle, address: link(`extensions/${page.path}`) })),
    ...SETTINGS_PAGES.map((page) => ({ label: page.label(), hint: t("Settings"), icon: page.icon, address: link(page.path) })),
  ];
}

/** How well a text fits what was typed: lower is better, null is not at all. Letters may be left out. */
function distance(text: string, typed: string): number | null {
  const hay = text.toLowerCase();
  const whole = hay.indexOf(typed);
  if (whole >= 0) return whole;
  let at = -1;
  for (const letter of typed) {
    at = hay.indexOf(letter, at + 1);
    if (at < 0) return null;
  }
  return 100 + at;
}

/** Jumps to anything by name: Ctrl+K, some letters, Enter. */
export function Palette({ close }: { close: () => void }) {
  useFocusBack();
  const commands = useCommands();
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const term = typed.trim().toLowerCase();
  const found = commands
    .map((command) => ({ command, fit: distance(command.label, term) }))
    .filter((each): each is { command: Command; fit: number } => each.fit !== null)
    .toSorted((a, b) => (term ? a.fit - b.fit : 0))
    .slice(0, SHOWN_MAX)
    .map(({ command }) => command);
  const selected = Math.min(chosen, found.length - 1);
  useEffect(() => list.current?.children[selected]?.scrollIntoView({ block: "nearest" }), [selected]);

  const run = (command: Command | undefined) => {
    if (!command) return;
    close();
    go(command.address);
  };
  return (
    <Modal opened onClose={close} withCloseButton={false} padding={0} centered={false} yOffset="12vh" size="lg" aria-label={t("Find anything")}>
      <TextInput
        data-autofocus
        variant="unstyled"
        size="md"
        leftSection={<IconSearch size={18} />}
        rightSection={<Kbd size="xs">Esc</Kbd>}
        rightSectionWidth={54}
        placeholder={t("Find a collection, a page or an action")}
        aria-label={t("Find a collection, a page or an action")}
        role="combobox"
        aria-expanded
        aria-controls="palette-list"
        aria-activedescendant={`palette-${selected}`}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step && found.length) {
            event.preventDefault();
            setChosen((selected + step + found.length) % found.length);
          } else if (event.key === "Enter") run(found[selected]);
        }}
      />
      <ScrollArea.Autosize mah="50dvh" className={classes["list"] ?? ""}>
        <div role="listbox" id="palette-list" ref={list} aria-label={t("Found")}>
          {found.map((command, index) => (
            <UnstyledButton
              key={`${command.address} ${command.label}`}
              id={`palette-${index}`}
              role="option"
              aria-selected={index === selected}
              tabIndex={-1}
              className={classes["item"]}
              onMouseMove={() => setChosen(index)}
              onClick={() => run(command)}
            >
              <command.icon size={17} stroke={1.6} aria-hidden />
              <span className="hs-clip">{command.label}</span>
              <span className={classes["hint"]}>{command.hint}</span>
            </UnstyledButton>
          ))}
        </div>
        {found.length === 0 && <p className={classes["none"]}>{t("Nothing has that name.")}</p>}
      </ScrollArea.Autosize>
    </Modal>
  );
}
