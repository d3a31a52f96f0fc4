import PocketBase, { ClientResponseError, LocalAuthStore } from "pocketbase";

// Vite's BASE_URL is where the dashboard lives, /_/; the API is beside it. The session has a name of
// its own, because an app of the user's on this origin may keep another one under the SDK's default.
const apiRoot = new URL("..", new URL(import.meta.env.BASE_URL, location.href));
export const pb = new PocketBase(apiRoot.href, new LocalAuthStore("haversack_dashboard"));
pb.autoCancellation(false);

export const superusers = pb.collection("_superusers");

/** A failure in words for the person in front of the screen. */
export function explain(failure: unknown): string {
  if (!(failure instanceof ClientResponseError)) return String(failure);
  if (failure.status === 0) return "The server did not answer. Is it running?";
  return failure.response["message"] || `The server answered ${failure.status}.`;
}

/** The server's word on each field of a form, by the field's name. */
export function fieldErrors(failure: unknown): Map<string, string> {
  if (!(failure instanceof ClientResponseError)) return new Map();
  const data: Record<string, { message?: string }> = failure.response["data"] ?? {};
  return new Map(Object.entries(data).map(([name, { message }]) => [name, message ?? "Invalid."]));
}

/** Whether the session is over, as opposed to one call having failed. */
export function isSessionOver(failure: unknown): boolean {
  return failure instanceof ClientResponseError && [401, 403].includes(failure.status);
}
