// Prints what a visitor loads, and fails when the first load outgrows its budget.
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 250;
const outDir = process.argv.includes("--outDir") ? process.argv[process.argv.indexOf("--outDir") + 1] : "dist";
const kb = (bytes) => bytes / 1000;
const zipped = (name) => kb(gzipSync(readFileSync(`${outDir}/assets/${name}`), { level: 9 }).length);

const files = readdirSync(`${outDir}/assets`).filter((name) => /\.(js|css)$/.test(name));
const page = readFileSync(`${outDir}/index.html`, "utf8");
const first = files.filter((name) => page.includes(name));
const show = (label, names) => {
  const total = names.reduce((sum, name) => sum + zipped(name), 0);
  console.log(`${label.padEnd(28)} ${total.toFixed(1).padStart(7)} kB gzip in ${names.length} files`);
  return total;
};

const script = show("first load, scripts", first.filter((name) => name.endsWith(".js")));
show("first load, styles", first.filter((name) => name.endsWith(".css")));
show("later, scripts", files.filter((name) => name.endsWith(".js") && !first.includes(name)));
if (script > BUDGET_KB) {
  console.error(`The first load is over ${BUDGET_KB} kB.`);
  process.exit(1);
}
