// Somebody who is logged in already, for what is not about logging in.
import PocketBase from "pocketbase";
import { openPage } from "./page.mjs";

export const EMAIL = "first@example.com";
export const PASSWORD = "a-long-password";

/** Makes the first superuser as the server's link does, and comes back logged in. */
export async function superuserOf({ url, setup }) {
  const pb = new PocketBase(url);
  pb.autoCancellation(false);
  const body = { email: EMAIL, password: PASSWORD, passwordConfirm: PASSWORD };
  await pb.collection("_superusers").create(body, { headers: { Authorization: setup.split("#/setup/")[1] } });
  await pb.collection("_superusers").authWithPassword(EMAIL, PASSWORD);
  return pb;
}

/** A page of a browser that has kept the session of `pb`. */
export async function openAs(pb, browser, options) {
  const session = JSON.stringify({ token: pb.authStore.token, record: pb.authStore.record });
  const opened = await openPage(browser, options);
  // Only once: whoever logs out stays so.
  await opened.context.addInitScript((value) => {
    // The browser's own viewers have none.
    if (!localStorage) return;
    if (!localStorage.getItem("haversack.e2e")) localStorage.setItem("haversack_dashboard", value);
    localStorage.setItem("haversack.e2e", "true");
  }, session);
  return opened;
}
