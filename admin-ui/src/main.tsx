import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/theme.css";
import { createRoot } from "react-dom/client";
import { App } from "./app/app";
import { loadExtensions } from "./app/extensions";
import { loadLanguage } from "./i18n";

const root = document.querySelector("#app");
if (!root) throw new Error("index.html has no #app");
// A server in the open wears its colors; one on a desk, or without TLS, is grey in the list of tabs.
if (location.protocol !== "https:") document.querySelector("link[rel=icon]")?.setAttribute("href", `${import.meta.env.BASE_URL}icon-plain.svg`);
await Promise.all([loadLanguage(), loadExtensions()]);
createRoot(root).render(<App />);
