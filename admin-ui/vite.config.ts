import { defineConfig } from "vite";

// The server embeds dist/ and serves it below /_/. All files but the page itself are cached for long, so
// their names carry a hash of what they hold, which is the same for every build of the same source.
export default defineConfig({
  base: "/_/",
  build: {
    // The server's content policy allows scripts and styles from files only.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
  // `npm run dev` with a server on its usual port.
  server: { proxy: { "/api": "http://127.0.0.1:8090" } },
});
