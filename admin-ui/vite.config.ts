import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { sizes } from "./scripts/sizes.ts";

/** The version of the program that these pages are a part of. */
const version = /^version = "(.+)"$/m.exec(readFileSync(new URL("../Cargo.toml", import.meta.url), "utf8"))?.[1] ?? "";

// The server embeds dist/ and serves it below /_/. All files but the page itself are cached for good, so
// their names carry a hash of what they hold, which is the same for every build of the same source.
export default defineConfig({
  base: "/_/",
  plugins: [react(), sizes()],
  define: { "import.meta.env.VITE_VERSION": JSON.stringify(version) },
  resolve: { alias: { "@": fileURLToPath(new URL("src", import.meta.url)) } },
  build: {
    // The server's content policy allows scripts from files only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What nearly every page needs comes in a few files instead of sixty. Parts of the library that
          // only single pages use stay with those pages.
          groups: [
            { name: "react", test: /node_modules\/(react|react-dom|scheduler|@tanstack|pocketbase)\// },
            { name: "mantine", test: /node_modules\/(@mantine|@floating-ui|react-remove-scroll|clsx|tabbable)/, minShareCount: 6 },
            { name: "base", test: /src\/(lib|ui|i18n\/index|api)/, minShareCount: 6 },
            { name: "icons", test: /@tabler/, minShareCount: 2 },
          ],
        },
      },
    },
  },
  // `npm run dev` with a server on its usual port, or wherever HAVERSACK_URL says.
  server: { proxy: { "/api": process.env["HAVERSACK_URL"] ?? "http://127.0.0.1:8090" } },
});
