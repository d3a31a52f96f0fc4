import { defineConfig } from "vite";

// The server embeds dist/ and serves it below /_/. File names carry no hash, so that a rebuild of the
// same source is the same files and a diff shows what changed; the server sends an ETag instead.
export default defineConfig({
  base: "/_/",
  build: {
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      output: {
        entryFileNames: "assets/[name].js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
  },
  // `npm run dev` with a server on its usual port.
  server: { proxy: { "/api": "http://127.0.0.1:8090" } },
});
