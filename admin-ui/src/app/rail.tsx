import { Menu, Tooltip, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { memo } from "react";
import { pb, SUPERUSERS } from "@/api/client";
import { endOwnSession } from "@/api/credentials";
import { LANGUAGES, language, switchLanguage, t, type Language } from "@/i18n";
import { link } from "@/lib/route";
import { IconBook, IconDatabase, IconDevices, IconExternalLink, IconLanguage, IconListDetails, IconLogout, IconMoon, IconPalette, IconPuzzle, IconSchema, IconSearch, IconSettings, IconSun, IconUser, IconUsers, type Icon } from "@/ui/icons";
import { useExtensions } from "./extensions";
import classes from "./shell.module.css";

const AREAS: { name: string; label: () => string; icon: Icon }[] = [
  { name: "collections", label: () => t("Data"), icon: IconDatabase },
  { name: "overview", label: () => t("Overview"), icon: IconSchema },
  { name: "logs", label: () => t("Logs"), icon: IconListDetails },
  { name: "extensions", label: () => t("More"), icon: IconPuzzle },
  { name: "settings", label: () => t("Settings"), icon: IconSettings },
];

export const Rail = memo(function Rail({ area, openPalette }: { area: string; openPalette: () => void }) {
  const { pages, links } = useExtensions();
  const hasExtensions = pages.length + links.length > 0;
  return (
    <nav className={classes["rail"]} aria-label={t("Areas")}>
      <a href={link("collections")} className={classes["mark"]} aria-label={t("Start")}>
        <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width={28} height={28} />
      </a>
      {AREAS.filter(({ name }) => name !== "extensions" || hasExtensions).map(({ name, label, icon: Mark }) => (
        <a key={name} href={link(name)} className={classes["item"]} aria-current={area === name ? "page" : undefined}>
          <Mark size={20} stroke={1.6} aria-hidden />
          {label()}
        </a>
      ))}
      <span className={classes["spring"]} />
      <Tooltip label={`${t("Find anything")} (Ctrl K)`} position="right">
        <UnstyledButton className={classes["item"]} onClick={openPalette}>
          <IconSearch size={20} stroke={1.6} aria-hidden />
          {t("Find")}
        </UnstyledButton>
      </Tooltip>
      <UserMenu />
    </nav>
  );
});

// The API is PocketBase's, and so is what is written about it.
const DOCS = "https://pocketbase.io/docs/api-records/";

const SCHEMES = [
  { value: "light", label: () => t("Light"), icon: IconSun },
  { value: "dark", label: () => t("Dark"), icon: IconMoon },
  { value: "auto", label: () => t("Like the system"), icon: IconPalette },
] as const;

function UserMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const email = String(pb.authStore.record?.["email"] ?? "");
  return (
    <Menu position="right-end" width={220}>
      <Menu.Target>
        <UnstyledButton className={classes["item"]}>
          <IconUser size={20} stroke={1.6} aria-hidden />
          {t("Account")}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label className="hs-clip" title={email}>
          {email}
        </Menu.Label>
        <Menu.Item component="a" href={link("collections", { collection: "_superusers" })} leftSection={<IconUsers size={16} />}>
          {t("Superusers")}
        </Menu.Item>
        <Menu.Item component="a" href={link("settings/sessions")} leftSection={<IconDevices size={16} />}>
          {t("Your logins")}
        </Menu.Item>
        <Menu.Divider />
        {SCHEMES.map(({ value, label, icon: Mark }) => (
          <Menu.RadioItem closeMenuOnClick key={value} value={value} checked={colorScheme === value} onChange={() => setColorScheme(value)}>
            <Mark size={16} aria-hidden className={classes["choiceIcon"]} />
            {label()}
          </Menu.RadioItem>
        ))}
        <Menu.Divider />
        {Object.entries(LANGUAGES).map(([tag, name]) => (
          <Menu.RadioItem closeMenuOnClick key={tag} lang={tag} value={tag} checked={language === tag} onChange={() => switchLanguage(tag as Language)}>
            <IconLanguage size={16} aria-hidden className={classes["choiceIcon"]} />
            {name}
          </Menu.RadioItem>
        ))}
        <Menu.Divider />
        <Menu.Item component="a" href={DOCS} target="_blank" rel="noreferrer" leftSection={<IconBook size={16} />} rightSection={<IconExternalLink size={13} aria-hidden />}>
          {t("Documentation of the API")}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void endOwnSession(SUPERUSERS).then(() => pb.authStore.clear())}>
          {t("Log out")}
        </Menu.Item>
        <Menu.Label>{`Haversack ${String(import.meta.env["VITE_VERSION"])}`}</Menu.Label>
      </Menu.Dropdown>
    </Menu>
  );
}
