import { superusers } from "../api";
import { showForm } from "../form";

const PASSWORD_LENGTH_MIN = 8;

/** The first superuser, made with the token that the server printed when it started without one. */
export function showSetup(root: HTMLElement, token: string): void {
  showForm(root, {
    title: "Welcome",
    intro: "Make the first superuser, who may see and change everything on this server.",
    action: "Create and log in",
    inputs: [
      { name: "email", label: "Email", type: "email", autocomplete: "username" },
      { name: "password", label: "Password", type: "password", autocomplete: "new-password", minlength: PASSWORD_LENGTH_MIN },
      { name: "passwordConfirm", label: "Password, once more", type: "password", autocomplete: "new-password" },
    ],
    submit: async ({ email = "", password = "", passwordConfirm = "" }) => {
      await superusers.create({ email, password, passwordConfirm }, { headers: { Authorization: token } });
      await superusers.authWithPassword(email, password);
      location.replace("#/");
    },
  });
}
