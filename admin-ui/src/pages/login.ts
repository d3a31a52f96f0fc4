import { superusers } from "../api";
import { showForm } from "../form";

export function showLogin(root: HTMLElement): void {
  showForm(root, {
    title: "Log in",
    intro: "For superusers of this server.",
    action: "Log in",
    inputs: [
      { name: "identity", label: "Email", type: "email", autocomplete: "username" },
      { name: "password", label: "Password", type: "password", autocomplete: "current-password" },
    ],
    submit: async ({ identity = "", password = "" }) => {
      await superusers.authWithPassword(identity, password);
      // From the page that was asked for back to it; from #/login to the start.
      if (location.hash.startsWith("#/login")) location.hash = "#/";
      else window.dispatchEvent(new HashChangeEvent("hashchange"));
    },
  });
}
