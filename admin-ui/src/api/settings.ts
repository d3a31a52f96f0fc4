import { useQuery, useQueryClient } from "@tanstack/react-query";
import { pb } from "./client";

export interface S3Options {
  enabled: boolean;
  bucket: string;
  region: string;
  endpoint: string;
  accessKey: string;
  secret?: string;
  forcePathStyle: boolean;
}

export interface RateLimitRule {
  label: string;
  audience: string;
  duration: number;
  maxRequests: number;
}

export interface Settings {
  superuserIPs: string[];
  smtp: { enabled: boolean; port: number; host: string; username: string; password?: string; authMethod: string; tls: boolean; localName: string };
  backups: { cron: string; cronMaxKeep: number; fullEvery?: number; includeFiles?: boolean; s3: S3Options };
  s3: S3Options;
  meta: { accentColor: string; appName: string; appURL: string; senderName: string; senderAddress: string; hideControls: boolean };
  rateLimits: { rules: RateLimitRule[]; excludedIPs: string[]; enabled: boolean };
  trustedProxy: { headers: string[]; useLeftmostIP: boolean };
  batch: { enabled: boolean; maxRequests: number; timeout: number; maxBodySize: number };
  logs: { maxDays: number; minLevel: number; logIP: boolean; logAuthId: boolean };
}

const KEY = ["settings"];

export function useSettings() {
  return useQuery({ queryKey: KEY, queryFn: async () => (await pb.settings.getAll()) as unknown as Settings, staleTime: 60_000 });
}

const channel = new BroadcastChannel("haversack-settings");

/** Runs `heard` when another tab has saved settings. */
export function onOtherTabsSettings(heard: () => void): () => void {
  channel.addEventListener("message", heard);
  return () => channel.removeEventListener("message", heard);
}

/** Saves a part of the settings and remembers what the server made of it. */
export function useSaveSettings(): (change: Partial<Settings>) => Promise<Settings> {
  const client = useQueryClient();
  return async (change) => {
    const saved = (await pb.settings.update(change)) as unknown as Settings;
    client.setQueryData(KEY, saved);
    channel.postMessage("changed");
    return saved;
  };
}

export async function testS3(filesystem: "storage" | "backups"): Promise<void> {
  await pb.settings.testS3(filesystem);
}

export const TEMPLATES = ["verification", "password-reset", "email-change", "otp", "login-alert"] as const;
export type TemplateName = (typeof TEMPLATES)[number];

export async function testEmail(collection: string, email: string, template: TemplateName): Promise<void> {
  await pb.settings.testEmail(collection, email, template);
}

export interface Health {
  canBackup?: boolean;
  realIP?: string;
  possibleProxyHeader?: string;
  /** Whether the secrets in the data folder are encrypted. */
  secretsEncrypted?: boolean;
}

export async function loadHealth(): Promise<Health> {
  return (await pb.health.check()).data as Health;
}

export async function appleSecret(body: { clientId: string; teamId: string; keyId: string; privateKey: string; duration: number }): Promise<string> {
  return (await pb.settings.generateAppleClientSecret(body.clientId, body.teamId, body.keyId, body.privateKey, body.duration)).secret;
}
