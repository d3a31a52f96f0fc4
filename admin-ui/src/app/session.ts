import { useSyncExternalStore } from "react";
import { pb, SUPERUSERS, superusers } from "@/api/client";
import { failureKind } from "@/api/failure";

const subscribe = (listener: () => void) => pb.authStore.onChange(listener);
const snapshot = () => (pb.authStore.isValid && pb.authStore.record?.collectionName === SUPERUSERS ? pb.authStore.record.id : "");

/** The id of the superuser who is logged in; empty when nobody is. */
export function useSession(): string {
  return useSyncExternalStore(subscribe, snapshot);
}

/** Renews the token once per load of the page; a refusal ends the session, a lost connection does not. */
export async function renewSession(): Promise<void> {
  if (!snapshot()) return;
  try {
    await superusers.authRefresh();
  } catch (failure) {
    const kind = failureKind(failure);
    if (kind === "session" || kind === "forbidden" || kind === "missing") pb.authStore.clear();
  }
}
