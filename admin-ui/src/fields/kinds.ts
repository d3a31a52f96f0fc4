import type { FieldKind, FieldOf } from "@/api/schema";
import { t } from "@/i18n";
import { IconAt, IconBraces, IconCalendar, IconCalendarTime, IconHash, IconLink, IconList, IconMapPin, IconNotes, IconPassword, IconPhoto, IconSchema, IconToggleLeft, IconTypography, type Icon } from "@/ui/icons";

type Blank<K extends FieldKind> = Omit<FieldOf<K>, "id" | "name" | "type" | "system" | "hidden" | "presentable">;

interface Kind<K extends FieldKind> {
  label: () => string;
  icon: Icon;
  /** The options of a new field of this kind. */
  blank: () => Blank<K>;
}

const plain = { required: false, help: "" };

/** All kinds of fields, in the order in which they are offered. */
export const kinds: { [K in FieldKind]: Kind<K> } = {
  text: { label: () => t("Text"), icon: IconTypography, blank: () => ({ ...plain, min: 0, max: 0, pattern: "", autogeneratePattern: "", primaryKey: false }) },
  editor: { label: () => t("Rich text"), icon: IconNotes, blank: () => ({ ...plain, maxSize: 0, convertURLs: false }) },
  number: { label: () => t("Number"), icon: IconHash, blank: () => ({ ...plain, min: null, max: null, onlyInt: false }) },
  bool: { label: () => t("Yes or no"), icon: IconToggleLeft, blank: () => plain },
  email: { label: () => t("Email"), icon: IconAt, blank: () => ({ ...plain, onlyDomains: null, exceptDomains: null }) },
  url: { label: () => t("Web address"), icon: IconLink, blank: () => ({ ...plain, onlyDomains: null, exceptDomains: null }) },
  date: { label: () => t("Date and time"), icon: IconCalendar, blank: () => ({ ...plain, min: "", max: "" }) },
  autodate: { label: () => t("Automatic date"), icon: IconCalendarTime, blank: () => ({ onCreate: true, onUpdate: false }) },
  select: { label: () => t("Choice"), icon: IconList, blank: () => ({ ...plain, values: [], maxSelect: 1 }) },
  file: { label: () => t("File"), icon: IconPhoto, blank: () => ({ ...plain, maxSelect: 1, maxSize: 0, mimeTypes: [], thumbs: [], protected: false }) },
  relation: { label: () => t("Relation"), icon: IconSchema, blank: () => ({ ...plain, collectionId: "", cascadeDelete: false, minSelect: 0, maxSelect: 1 }) },
  json: { label: () => "JSON", icon: IconBraces, blank: () => ({ ...plain, maxSize: 0 }) },
  geoPoint: { label: () => t("Place"), icon: IconMapPin, blank: () => plain },
  password: { label: () => t("Password"), icon: IconPassword, blank: () => ({ ...plain, hidden: true, min: 8, max: 0, pattern: "", cost: 0 }) },
};

export const FIELD_KINDS = Object.keys(kinds) as FieldKind[];
