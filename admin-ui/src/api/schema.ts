/** What the server's collections and fields look like on the wire. */

interface Common {
  id: string;
  name: string;
  system: boolean;
  hidden: boolean;
  presentable: boolean;
  required?: boolean;
  help?: string;
}

export interface TextField extends Common {
  type: "text";
  min: number;
  max: number;
  pattern: string;
  autogeneratePattern: string;
  primaryKey: boolean;
}
export interface EditorField extends Common {
  type: "editor";
  maxSize: number;
  convertURLs: boolean;
}
export interface NumberField extends Common {
  type: "number";
  min: number | null;
  max: number | null;
  onlyInt: boolean;
}
export interface BoolField extends Common {
  type: "bool";
}
export interface EmailField extends Common {
  type: "email";
  exceptDomains: string[] | null;
  onlyDomains: string[] | null;
}
export interface UrlField extends Common {
  type: "url";
  exceptDomains: string[] | null;
  onlyDomains: string[] | null;
}
export interface DateField extends Common {
  type: "date";
  min: string;
  max: string;
}
export interface AutodateField extends Common {
  type: "autodate";
  onCreate: boolean;
  onUpdate: boolean;
}
export interface SelectField extends Common {
  type: "select";
  values: string[] | null;
  maxSelect: number;
}
export interface FileField extends Common {
  type: "file";
  maxSize: number;
  maxSelect: number;
  mimeTypes: string[] | null;
  thumbs: string[] | null;
  protected: boolean;
}
export interface RelationField extends Common {
  type: "relation";
  collectionId: string;
  cascadeDelete: boolean;
  minSelect: number;
  maxSelect: number;
}
export interface JsonField extends Common {
  type: "json";
  maxSize: number;
}
export interface GeoPointField extends Common {
  type: "geoPoint";
}
export interface PasswordField extends Common {
  type: "password";
  min: number;
  max: number;
  pattern: string;
  cost: number;
}

export type Field =
  | TextField
  | EditorField
  | NumberField
  | BoolField
  | EmailField
  | UrlField
  | DateField
  | AutodateField
  | SelectField
  | FileField
  | RelationField
  | JsonField
  | GeoPointField
  | PasswordField;

export type FieldKind = Field["type"];
export type FieldOf<K extends FieldKind> = Extract<Field, { type: K }>;

/** Whether a value of this field is a list. */
export function isMultiple(field: Field): boolean {
  return (field.type === "select" || field.type === "file" || field.type === "relation") && field.maxSelect > 1;
}

export type CollectionType = "base" | "auth" | "view";
export type RuleName = "listRule" | "viewRule" | "createRule" | "updateRule" | "deleteRule" | "authRule" | "manageRule";

interface Template {
  subject: string;
  body: string;
}
export interface TokenOptions {
  duration: number;
  /** Only ever sent: a new secret ends all tokens of this kind. */
  secret?: string;
}
export interface OAuth2Provider {
  name: string;
  clientId: string;
  clientSecret?: string;
  authURL: string;
  tokenURL: string;
  userInfoURL: string;
  displayName: string;
  pkce: boolean | null;
  extra: Record<string, unknown> | null;
}

export const TOKEN_KINDS = ["authToken", "passwordResetToken", "emailChangeToken", "verificationToken", "fileToken"] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

export interface AuthOptions extends Record<TokenKind, TokenOptions> {
  authRule: string | null;
  manageRule: string | null;
  authAlert: { enabled: boolean; emailTemplate: Template };
  oauth2: {
    enabled: boolean;
    providers: OAuth2Provider[];
    mappedFields: { id: string; name: string; username: string; avatarURL: string };
  };
  passwordAuth: { enabled: boolean; identityFields: string[] };
  mfa: { enabled: boolean; duration: number; rule: string };
  otp: { enabled: boolean; duration: number; length: number; emailTemplate: Template };
  verificationTemplate: Template;
  resetPasswordTemplate: Template;
  confirmEmailChangeTemplate: Template;
}

/** What PocketBase does not have; a server shows these once they are set. */
export interface AuthExtras {
  sessions?: { enabled: boolean; maxPerUser: number };
  apiKeys?: { enabled: boolean };
  totp?: { enabled: boolean; issuer: string };
  passkeys?: { enabled: boolean; rpId: string; origins: string[]; requireSecondFactor: boolean };
  anonymous?: { enabled: boolean; keepDays: number };
  passwordPolicy?: { minStrength: number; refuseCommon: boolean };
}

export interface Collection extends Partial<AuthOptions>, AuthExtras {
  id: string;
  name: string;
  type: CollectionType;
  system: boolean;
  fields: Field[];
  indexes: string[];
  listRule: string | null;
  viewRule: string | null;
  createRule: string | null;
  updateRule: string | null;
  deleteRule: string | null;
  viewQuery?: string;
  created: string;
  updated: string;
}

/** The rules that a collection of this type has. */
export function rulesOf(collection: Collection): RuleName[] {
  if (collection.type === "view") return ["listRule", "viewRule"];
  const crud: RuleName[] = ["listRule", "viewRule", "createRule", "updateRule", "deleteRule"];
  return collection.type === "auth" ? [...crud, "authRule", "manageRule"] : crud;
}
