import { pb } from "./client";

// Calls that PocketBase does not have: sessions, keys, apps and passkeys of accounts.

/** Whose: an account of an auth collection; no record means the caller's own. */
export interface Owner {
  collection: string;
  recordId?: string;
}

const base = (collection: string) => `/api/collections/${encodeURIComponent(collection)}`;
const ownerQuery = ({ recordId }: Owner) => (recordId ? { recordId } : {});

export interface Session {
  id: string;
  recordId: string;
  method: string;
  address: string;
  userAgent: string;
  created: string;
  lastUsed: string;
  expires: string;
  current: boolean;
}

export async function listSessions(owner: Owner): Promise<Session[]> {
  return (await pb.send<{ items: Session[] }>(`${base(owner.collection)}/sessions`, { method: "GET", query: { ...ownerQuery(owner), perPage: 1000 } })).items;
}

export async function endSession(owner: Owner, id: string): Promise<void> {
  await pb.send(`${base(owner.collection)}/sessions/${encodeURIComponent(id)}`, { method: "DELETE", query: ownerQuery(owner) });
}

/** Ends all sessions of the account but the one that asks. */
export async function endSessions(owner: Owner): Promise<void> {
  await pb.send(`${base(owner.collection)}/sessions`, { method: "DELETE", query: ownerQuery(owner) });
}

/** Ends the session of this token, where the server keeps sessions; elsewhere there is nothing to end. */
export async function endOwnSession(collection: string): Promise<void> {
  await pb.send(`${base(collection)}/auth-logout`, { method: "POST" }).catch(() => undefined);
}

export const ACTIONS = ["list", "view", "create", "update", "delete"] as const;

export interface Scope {
  collection: string;
  actions: string[];
}

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  scopes: Scope[];
  addresses: string[];
  created: string;
  lastUsed: string;
  expires: string;
}

export interface NewApiKey {
  name: string;
  scopes: Scope[];
  addresses: string[];
  expires: string;
}

export async function listKeys(owner: Owner): Promise<ApiKey[]> {
  return (await pb.send<{ items: ApiKey[] }>(`${base(owner.collection)}/api-keys`, { method: "GET", query: { ...ownerQuery(owner), perPage: 1000 } })).items;
}

/** The answer holds the key itself, this once. */
export async function createKey(owner: Owner, key: NewApiKey): Promise<ApiKey & { key: string }> {
  const { expires, ...rest } = key;
  return pb.send(`${base(owner.collection)}/api-keys`, { method: "POST", query: ownerQuery(owner), body: expires ? key : rest });
}

export async function endKey(owner: Owner, id: string): Promise<void> {
  await pb.send(`${base(owner.collection)}/api-keys/${encodeURIComponent(id)}`, { method: "DELETE", query: ownerQuery(owner) });
}

export interface Passkey {
  id: string;
  name: string;
  created: string;
  lastUsed: string;
}

const passkeysOf = ({ collection, recordId }: Owner) => (recordId ? `${base(collection)}/records/${encodeURIComponent(recordId)}/passkeys` : `${base(collection)}/passkeys`);
const totpOf = ({ collection, recordId }: Owner) => (recordId ? `${base(collection)}/records/${encodeURIComponent(recordId)}/totp` : `${base(collection)}/totp`);

export async function listPasskeys(owner: Owner): Promise<Passkey[]> {
  return (await pb.send<{ items: Passkey[] }>(passkeysOf(owner), { method: "GET" })).items;
}

export async function deletePasskey(owner: Owner, id: string): Promise<void> {
  await pb.send(`${passkeysOf(owner)}/${encodeURIComponent(id)}`, { method: "DELETE" });
}

interface Challenge<T> {
  challengeId: string;
  publicKey: T;
}

/** Makes a passkey with this device for the caller. */
export async function registerPasskey(collection: string, name: string, password: string): Promise<void> {
  const begun = await pb.send<Challenge<PublicKeyCredentialCreationOptionsJSON>>(`${base(collection)}/passkeys/register-begin`, { method: "POST", body: { password } });
  const credential = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(begun.publicKey) });
  await pb.send(`${base(collection)}/passkeys/register-finish`, { method: "POST", body: { challengeId: begun.challengeId, name, credential } });
}

/** Logs in with a passkey of this device; the session is kept as after every login. */
export async function loginWithPasskey(collection: string): Promise<void> {
  const begun = await pb.send<Challenge<PublicKeyCredentialRequestOptionsJSON>>(`${base(collection)}/passkeys/login-begin`, { method: "POST" });
  const credential = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(begun.publicKey) });
  keep(await pb.send(`${base(collection)}/passkeys/login-finish`, { method: "POST", body: { challengeId: begun.challengeId, credential } }));
}

/** The second step with a code of an app. */
export async function loginWithTotp(collection: string, mfaId: string, code: string): Promise<void> {
  keep(await pb.send(`${base(collection)}/auth-with-totp`, { method: "POST", body: { mfaId, code } }));
}

function keep({ token, record }: { token: string; record: Parameters<typeof pb.authStore.save>[1] }): void {
  pb.authStore.save(token, record);
}

export interface TotpState {
  enabled: boolean;
  confirmed: boolean;
  recoveryCodesLeft: number;
}

export async function totpState(owner: Owner): Promise<TotpState> {
  return pb.send(totpOf(owner), { method: "GET" });
}

export async function enrollTotp(collection: string, password: string): Promise<{ secret: string; otpauthURL: string }> {
  return pb.send(`${base(collection)}/totp/enroll`, { method: "POST", body: { password } });
}

export async function confirmTotp(collection: string, code: string): Promise<string[]> {
  return (await pb.send<{ recoveryCodes: string[] }>(`${base(collection)}/totp/confirm`, { method: "POST", body: { code } })).recoveryCodes;
}

/** Takes the app away: one's own with a code, another account's as a superuser. */
export async function removeTotp(owner: Owner, code = ""): Promise<void> {
  await pb.send(totpOf(owner), { method: "DELETE", ...(code && { body: { code } }) });
}
