import PocketBase, { LocalAuthStore } from "pocketbase";

// Vite's BASE_URL is where the dashboard lives, /_/; the API is beside it. The session has a name of
// its own, because an app of the user's on this origin may keep another one under the SDK's default.
const apiRoot = new URL("..", new URL(import.meta.env.BASE_URL, location.href));

/** The one way to the server. */
export const pb = new PocketBase(apiRoot.href, new LocalAuthStore("haversack_dashboard"));
pb.autoCancellation(false);

export const SUPERUSERS = "_superusers";
export const superusers = pb.collection(SUPERUSERS);

/** Where apps find this API, without a slash at the end. */
export const apiAddress = apiRoot.href.replace(/\/$/, "");
