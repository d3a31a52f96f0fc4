import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const BUDGET_KB = 250;

/** Prints what a visitor loads, and fails the build when the first load outgrows its budget. */
export function sizes(): Plugin {
  let outDir = "dist";
  return {
    name: "sizes",
    apply: "build",
    configResolved: (config) => {
      outDir = resolve(config.root, config.build.outDir);
    },
    closeBundle: () => {
      const page = readFileSync(resolve(outDir, "index.html"), "utf8");
      const files = readdirSync(resolve(outDir, "assets")).filter((name) => /\.(js|css)$/.test(name));
      const zipped = (name: string) => gzipSync(readFileSync(resolve(outDir, "assets", name)), { level: 9 }).length / 1000;
      const show = (label: string, names: string[]) => {
        const total = names.reduce((sum, name) => sum + zipped(name), 0);
        console.log(`${label.padEnd(22)} ${total.toFixed(1).padStart(7)} kB gzip in ${names.length} files`);
        return total;
      };
      const isFirst = (name: string) => page.includes(name);
      const scripts = files.filter((name) => name.endsWith(".js"));
      const first = show("first load, scripts", scripts.filter(isFirst));
      show("first load, styles", files.filter((name) => name.endsWith(".css") && isFirst(name)));
      show("later, scripts", scripts.filter((name) => !isFirst(name)));
      if (first > BUDGET_KB) throw new Error(`The first load is over ${BUDGET_KB} kB.`);
    },
  };
}
