import type { ComponentType } from "react";
import { lazy } from "react";
import { t } from "@/i18n";
import { IconAdjustments, IconArchive, IconBell, IconClock, IconDevices, IconDownload, IconFileImport, IconFolder, IconKey, IconLock, IconMail, IconServer, IconShieldCheck, IconTerminal2, IconWebhook, type Icon } from "@/ui/icons";

interface SettingsPage {
  path: string;
  group: () => string;
  label: () => string;
  icon: Icon;
  page: ComponentType;
}

const system = () => t("System");
const safety = () => t("Access");
const tools = () => t("Tools");

export const SETTINGS_PAGES: SettingsPage[] = [
  { path: "settings", group: system, label: () => t("Application"), icon: IconAdjustments, page: lazy(() => import("@/features/settings/application").then((m) => ({ default: m.ApplicationPage }))) },
  { path: "settings/mail", group: system, label: () => t("Mail"), icon: IconMail, page: lazy(() => import("@/features/settings/mail").then((m) => ({ default: m.MailPage }))) },
  { path: "settings/storage", group: system, label: () => t("File storage"), icon: IconFolder, page: lazy(() => import("@/features/settings/storage").then((m) => ({ default: m.StoragePage }))) },
  { path: "settings/backups", group: system, label: () => t("Backups"), icon: IconArchive, page: lazy(() => import("@/features/backups/page").then((m) => ({ default: m.BackupsPage }))) },
  { path: "settings/crons", group: system, label: () => t("Scheduled jobs"), icon: IconClock, page: lazy(() => import("@/features/crons/page").then((m) => ({ default: m.CronsPage }))) },
  { path: "settings/webhooks", group: system, label: () => t("Webhooks"), icon: IconWebhook, page: lazy(() => import("@/features/webhooks/page").then((m) => ({ default: m.WebhooksPage }))) },
  { path: "settings/limits", group: safety, label: () => t("Rate limits"), icon: IconBell, page: lazy(() => import("@/features/settings/rate-limits").then((m) => ({ default: m.RateLimitsPage }))) },
  { path: "settings/network", group: safety, label: () => t("Network"), icon: IconServer, page: lazy(() => import("@/features/settings/network").then((m) => ({ default: m.NetworkPage }))) },
  { path: "settings/keys", group: safety, label: () => t("API keys"), icon: IconKey, page: lazy(() => import("@/features/keys/page").then((m) => ({ default: m.KeysPage }))) },
  { path: "settings/sessions", group: safety, label: () => t("Your logins"), icon: IconDevices, page: lazy(() => import("@/features/sessions/page").then((m) => ({ default: m.SessionsPage }))) },
  { path: "settings/encryption", group: safety, label: () => t("Encryption"), icon: IconLock, page: lazy(() => import("@/features/settings/encryption").then((m) => ({ default: m.EncryptionPage }))) },
  { path: "settings/rules", group: safety, label: () => t("Rule tester"), icon: IconShieldCheck, page: lazy(() => import("@/features/rule-tester/page").then((m) => ({ default: m.RuleTesterPage }))) },
  { path: "settings/export-collections", group: tools, label: () => t("Export collections"), icon: IconDownload, page: lazy(() => import("@/features/sync/export-page").then((m) => ({ default: m.ExportPage }))) },
  { path: "settings/import-collections", group: tools, label: () => t("Import collections"), icon: IconFileImport, page: lazy(() => import("@/features/sync/import-page").then((m) => ({ default: m.ImportPage }))) },
  { path: "settings/sql", group: tools, label: () => t("SQL console"), icon: IconTerminal2, page: lazy(() => import("@/features/sql/page").then((m) => ({ default: m.SqlPage }))) },
];
