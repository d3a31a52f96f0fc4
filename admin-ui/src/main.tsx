import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/theme.css";
import { createRoot } from "react-dom/client";
import { App } from "./app/app";
import { loadLanguage } from "./i18n";

const root = document.querySelector("#app");
if (!root) throw new Error("index.html has no #app");
await loadLanguage();
createRoot(root).render(<App />);
