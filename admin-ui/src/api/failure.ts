import { ClientResponseError } from "pocketbase";
import { t } from "@/i18n";

export type FailureKind = "offline" | "session" | "forbidden" | "missing" | "conflict" | "invalid" | "busy" | "server";

/** Of which kind a failure is, which decides what a page shows. */
export function failureKind(failure: unknown): FailureKind {
  if (!(failure instanceof ClientResponseError)) return "server";
  switch (failure.status) {
    case 0:
      return "offline";
    case 401:
      return "session";
    case 403:
      return "forbidden";
    case 404:
      return "missing";
    case 412:
      return "conflict";
    case 429:
      return "busy";
    default:
      return failure.status < 500 ? "invalid" : "server";
  }
}

/** A failure in words for the person in front of the screen. */
export function explainFailure(failure: unknown): string {
  if (!(failure instanceof ClientResponseError)) return failure instanceof Error ? failure.message : String(failure);
  if (failure.status === 0) return t("The server did not answer. Is it running?");
  if (failure.status === 429) return t("Too many requests in a short time. Wait a moment and try again.");
  const message: unknown = failure.response["message"];
  return typeof message === "string" && message ? message : t("The server answered {status}.", { status: failure.status });
}

export type FieldErrors = Record<string, string>;

/** The server's word on each field of a form, by the field's path with dots: `meta.appName`. */
export function fieldErrors(failure: unknown): FieldErrors {
  const errors: FieldErrors = {};
  if (failure instanceof ClientResponseError) collect(failure.response["data"], "", errors);
  return errors;
}

function collect(data: unknown, path: string, errors: FieldErrors): void {
  if (typeof data !== "object" || data === null) return;
  if ("code" in data && "message" in data && typeof data.message === "string") {
    errors[path] = data.message;
    return;
  }
  for (const [key, value] of Object.entries(data)) collect(value, path ? `${path}.${key}` : key, errors);
}

/** The first error at this path or below it. */
export function errorBelow(errors: FieldErrors, path: string): string | undefined {
  return errors[path] ?? Object.entries(errors).find(([key]) => key.startsWith(`${path}.`))?.[1];
}
