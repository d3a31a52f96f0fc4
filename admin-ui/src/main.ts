import "./theme.css";
import { pb } from "./api";
import { type Page, parseRoute } from "./route";
import { showCollections } from "./pages/collections";
import { showLogin } from "./pages/login";
import { showSetup } from "./pages/setup";

const app = document.querySelector<HTMLElement>("#app");
if (!app) throw new Error("index.html has no #app");

/** Shows the page that the address names; whoever is not logged in sees the login instead. */
function show(root: HTMLElement): void {
  const route = parseRoute(location.hash);
  const page: Page = route.page === "collections" && !pb.authStore.isValid ? "login" : route.page;
  switch (page) {
    case "setup":
      return showSetup(root, route.argument);
    case "login":
      return showLogin(root);
    case "collections":
      return showCollections(root, route.argument);
  }
}

window.addEventListener("hashchange", () => show(app));
// Logging out, here or in another tab, or a token that the server no longer takes.
pb.authStore.onChange((token) => {
  if (!token) show(app);
});
show(app);
