import { pb } from "./client";

// Calls that PocketBase does not have: other servers hear of what becomes of records.

export const EVENTS = ["create", "update", "delete"] as const;

export interface NewWebhook {
  name: string;
  collection: string;
  events: string[];
  url: string;
  filter: string;
  headers: Record<string, string>;
  enabled: boolean;
}

export interface Webhook extends NewWebhook {
  id: string;
  /** Why the server switched it off; empty when it did not. */
  disabledReason: string;
  /** Deliveries that wait. */
  waiting: number;
  created: string;
  updated: string;
}

export interface Attempt {
  at: string;
  /** In milliseconds. */
  latency: number;
  /** Of the answer; 0 when there was none. */
  status: number;
  response: string;
  error: string;
}

export interface Delivery {
  id: string;
  event: string;
  recordId: string;
  status: "waiting" | "delivered" | "failed";
  nextAttempt: string;
  created: string;
  attempts: Attempt[];
}

const place = (id: string, rest = "") => `/api/webhooks/${encodeURIComponent(id)}${rest}`;

export async function listWebhooks(): Promise<Webhook[]> {
  return (await pb.send<{ items: Webhook[] }>("/api/webhooks", { method: "GET", query: { perPage: 100 } })).items;
}

/** The answer holds the secret, this once. */
export async function createWebhook(hook: NewWebhook): Promise<Webhook & { secret: string }> {
  return pb.send("/api/webhooks", { method: "POST", body: hook });
}

export async function updateWebhook(id: string, change: Partial<NewWebhook>): Promise<Webhook> {
  return pb.send(place(id), { method: "PATCH", body: change });
}

export async function deleteWebhook(id: string): Promise<void> {
  await pb.send(place(id), { method: "DELETE" });
}

/** A new secret, which is in force at once. */
export async function rotateSecret(id: string): Promise<string> {
  return (await pb.send<{ secret: string }>(place(id, "/rotate-secret"), { method: "POST" })).secret;
}

export async function sendTest(id: string): Promise<void> {
  await pb.send(place(id, "/test"), { method: "POST" });
}

export async function listDeliveries(id: string, page: number, perPage: number): Promise<Delivery[]> {
  return (await pb.send<{ items: Delivery[] }>(place(id, "/deliveries"), { method: "GET", query: { page, perPage } })).items;
}

export async function replayDelivery(id: string, delivery: string): Promise<void> {
  await pb.send(place(id, `/deliveries/${encodeURIComponent(delivery)}/replay`), { method: "POST" });
}
