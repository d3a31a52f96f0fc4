import { apiAddress } from "@/api/client";
import type { Collection, Field } from "@/api/schema";
import { isMultiple } from "@/api/schema";
import { t } from "@/i18n";

export interface Call {
  name: string;
  title: string;
  about: string;
  method: string;
  path: string;
  js: string;
  dart: string;
  body?: Record<string, unknown>;
  /** Parameters of the address, with what they are for. */
  params?: [string, string][];
  needsAuth?: boolean;
  /** An answer, as JSON. */
  answer: unknown;
}

function example(field: Field): unknown {
  switch (field.type) {
    case "number":
      return 123;
    case "bool":
      return true;
    case "email":
      return "test@example.com";
    case "url":
      return "https://example.com";
    case "date":
    case "autodate":
      return "2026-01-01 10:00:00.000Z";
    case "select":
      return isMultiple(field) ? (field.values ?? []).slice(0, 2) : (field.values?.[0] ?? "");
    case "relation":
      return isMultiple(field) ? ["RELATED_ID"] : "RELATED_ID";
    case "file":
      return isMultiple(field) ? ["file.jpg"] : "file.jpg";
    case "json":
      return { any: "JSON" };
    case "geoPoint":
      return { lon: 13.4, lat: 52.5 };
    case "editor":
      return "<p>Text</p>";
    default:
      return "text";
  }
}

const literal = (value: unknown) => JSON.stringify(value, null, 2);
const dartLiteral = (value: unknown) => `<String, dynamic>${literal(value)}`;

export interface Answer {
  status: number;
  /** Null for an answer without a body. */
  body: unknown;
}

const refusal = (status: number, message: string, data: Record<string, unknown> = {}): Answer => ({ status, body: { status, message, data } });

/** What a call may answer: that it worked, and how it is refused. */
export function answersOf(call: Call): Answer[] {
  const isLogin = /^(auth-with|request-otp)/.test(call.name);
  const hasRecord = call.path.endsWith("RECORD_ID");
  const [wrong] = Object.keys(call.body ?? {});
  return [
    { status: call.answer === null ? 204 : 200, body: call.answer },
    ...(isLogin ? [refusal(400, "Failed to authenticate.")] : wrong && call.body && Object.keys(call.body).length > 0 ? [refusal(400, call.method === "PATCH" ? "Failed to update record." : call.name === "create" ? "Failed to create record." : "An error occurred while validating the submitted data.", { [wrong]: { code: "validation_required", message: "Missing required value." } })] : []),
    ...(call.name === "list" ? [refusal(400, "Something went wrong while processing your request.")] : []),
    ...(call.needsAuth ? [refusal(401, "The request requires valid record authorization token to be set.")] : []),
    ...(isLogin || call.method === "GET" || hasRecord || call.name === "create" ? [refusal(403, isLogin ? "The collection is not configured to allow password authentication." : "Only superusers can perform this action.")] : []),
    ...(hasRecord ? [refusal(404, "The requested resource wasn't found.")] : []),
    ...(hasRecord && call.method === "PATCH" ? [refusal(412, "The record has changed since it was read.")] : []),
  ];
}

/** A record as the API answers it. */
function answerOf(collection: Collection): Record<string, unknown> {
  const shown = collection.fields.filter((field) => !field.hidden && field.type !== "password");
  return { collectionId: collection.id, collectionName: collection.name, ...Object.fromEntries(shown.map((field) => [field.name, field.name === "id" ? "RECORD_ID" : example(field)])) };
}

function bodyOf(collection: Collection, create: boolean): Record<string, unknown> {
  const written = collection.fields.filter((field) => field.type !== "autodate" && field.type !== "file" && field.name !== "id" && !field.hidden && field.name !== "verified");
  const body = Object.fromEntries(written.map((field) => [field.name, example(field)]));
  return collection.type === "auth" && create ? { ...body, password: "12345678", passwordConfirm: "12345678" } : body;
}

const page = (): [string, string][] => [
  ["page, perPage", t("Which page, and how many on it (30, at most 1000)")],
  ["sort", t("Fields to sort by, - in front for the other way: -created,title")],
  ["filter", t("A condition: created > @todayStart && title ~ \"word\"")],
  ["skipTotal", t("1 leaves the count out, which is faster")],
];
const single = (): [string, string][] => [
  ["expand", t("Relations to answer along: author,tags")],
  ["fields", t("Which fields to answer: id,title")],
];

/** The calls for records of a collection. */
export function recordCalls(collection: Collection): Call[] {
  const { name } = collection;
  const path = `/api/collections/${name}/records`;
  const record = answerOf(collection);
  const list = { page: 1, perPage: 30, totalItems: 1, totalPages: 1, items: [record] };
  const read: Call[] = [
    { name: "list", title: t("List and search"), about: t("Records page by page"), method: "GET", path, params: [...page(), ...single()], answer: list, js: `const found = await pb.collection("${name}").getList(1, 30, {\n  sort: "-created",\n});`, dart: `final found = await pb.collection('${name}').getList(\n  page: 1,\n  perPage: 30,\n  sort: '-created',\n);` },
    { name: "view", title: t("View"), about: t("One record by its id"), method: "GET", path: `${path}/RECORD_ID`, params: single(), answer: record, js: `const record = await pb.collection("${name}").getOne("RECORD_ID");`, dart: `final record = await pb.collection('${name}').getOne('RECORD_ID');` },
  ];
  if (collection.type === "view") return read;
  const create = bodyOf(collection, true);
  const update = bodyOf(collection, false);
  return [
    ...read,
    { name: "create", title: t("Create"), about: t("A new record"), method: "POST", path, body: create, answer: record, js: `const record = await pb.collection("${name}").create(${literal(create)});`, dart: `final record = await pb.collection('${name}').create(body: ${dartLiteral(create)});` },
    { name: "update", title: t("Update"), about: t("What is left out stays as it is. If-Match with the ETag of the record refuses to overwrite later changes."), method: "PATCH", path: `${path}/RECORD_ID`, body: update, answer: record, js: `const record = await pb.collection("${name}").update("RECORD_ID", ${literal(update)});`, dart: `final record = await pb.collection('${name}').update('RECORD_ID', body: ${dartLiteral(update)});` },
    { name: "delete", title: t("Delete"), about: t("One record and its files"), method: "DELETE", path: `${path}/RECORD_ID`, answer: null, js: `await pb.collection("${name}").delete("RECORD_ID");`, dart: `await pb.collection('${name}').delete('RECORD_ID');` },
    { name: "realtime", title: t("Live changes"), about: t("Told as they happen, as far as the list and view rules let"), method: "GET", path: "/api/realtime", answer: { action: "create", record }, js: `await pb.collection("${name}").subscribe("*", ({ action, record }) => {\n  console.log(action, record);\n});`, dart: `pb.collection('${name}').subscribe('*', (e) {\n  print(e.action);\n  print(e.record);\n});` },
    { name: "batch", title: t("Batch"), about: t("Several changes, all or none; must be switched on in the settings"), method: "POST", path: "/api/batch", body: { requests: [{ method: "POST", url: path, body: create }] }, answer: [{ status: 200, body: record }], js: `const batch = pb.createBatch();\nbatch.collection("${name}").create(${literal(create)});\nbatch.collection("${name}").delete("RECORD_ID");\nconst results = await batch.send();`, dart: `final batch = pb.createBatch();\nbatch.collection('${name}').create(body: ${dartLiteral(create)});\nbatch.collection('${name}').delete('RECORD_ID');\nfinal results = await batch.send();` },
  ];
}

/** The calls for accounts: only those of ways to log in that are switched on. */
export function accountCalls(collection: Collection): Call[] {
  const { name } = collection;
  const path = `/api/collections/${name}`;
  const login = { token: "TOKEN", record: answerOf(collection) };
  const both = (js: string) => ({ js, dart: js.replace(/^const /, "final ").replaceAll('"', "'") });
  const post = (action: string, title: string, about: string, body: Record<string, unknown>, answer: unknown, js: string): Call => ({ name: action, title, about, method: "POST", path: `${path}/${action}`, body, answer, ...both(js) });
  const of = `pb.collection("${name}")`;
  return [
    { name: "auth-methods", title: t("Ways to log in"), about: t("Which are switched on"), method: "GET", path: `${path}/auth-methods`, answer: { password: { enabled: true, identityFields: ["email"] } }, ...both(`const methods = await ${of}.listAuthMethods();`) },
    ...(collection.passwordAuth?.enabled ? [post("auth-with-password", t("Log in with a password"), t("With an address or another unique name"), { identity: "test@example.com", password: "12345678" }, login, `const login = await ${of}.authWithPassword("test@example.com", "12345678");`)] : []),
    ...(collection.oauth2?.enabled ? [post("auth-with-oauth2", t("Log in through another service"), t("The SDK opens a window and does the rest"), { provider: "google", code: "CODE", codeVerifier: "VERIFIER", redirectURL: "URL" }, login, `const login = await ${of}.authWithOAuth2({ provider: "google" });`)] : []),
    ...(collection.otp?.enabled
      ? [
          post("request-otp", t("Ask for a code"), t("The code comes by mail"), { email: "test@example.com" }, { otpId: "OTP_ID" }, `const { otpId } = await ${of}.requestOTP("test@example.com");`),
          post("auth-with-otp", t("Log in with the code"), t("Within its time"), { otpId: "OTP_ID", password: "123456" }, login, `const login = await ${of}.authWithOTP("OTP_ID", "123456");`),
        ]
      : []),
    { ...post("auth-refresh", t("Renew the token"), t("A new token for one that is still good"), {}, login, `const login = await ${of}.authRefresh();`), needsAuth: true },
    post("request-verification", t("Confirm an address"), t("Sends a mail with a link"), { email: "test@example.com" }, null, `await ${of}.requestVerification("test@example.com");`),
    post("request-password-reset", t("Reset a password"), t("Sends a mail with a link"), { email: "test@example.com" }, null, `await ${of}.requestPasswordReset("test@example.com");`),
    { ...post("request-email-change", t("Change an address"), t("Sends a mail to the new address"), { newEmail: "new@example.com" }, null, `await ${of}.requestEmailChange("new@example.com");`), needsAuth: true },
  ];
}

export function curlOf({ method, path, body, needsAuth }: Call): string {
  const parts = [`curl -X ${method} '${apiAddress}${path}'`, needsAuth !== false && "  -H 'Authorization: TOKEN'", body && "  -H 'Content-Type: application/json'", body && `  -d '${literal(body)}'`];
  return parts.filter(Boolean).join(" \\\n");
}

export function withClient(code: string, language: "js" | "dart"): string {
  const start = language === "js" ? `import PocketBase from "pocketbase";\n\nconst pb = new PocketBase("${apiAddress}");` : `import 'package:pocketbase/pocketbase.dart';\n\nfinal pb = PocketBase('${apiAddress}');`;
  return `${start}\n\n${code}`;
}
