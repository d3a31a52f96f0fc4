// A page that watches itself: what the console complains of, and what axe finds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// Chromium reports every refused request as an error of the console; the dashboard shows those itself.
const REFUSAL = /Failed to load resource: the server responded with a status of (400|401|403|404|412)/;

export async function openPage(browser, options) {
  const context = await browser.newContext({ ...options, locale: "en-US", reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error" && !REFUSAL.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => dialog.accept().catch(() => {}));
  return { page, context, complaints };
}

/** Fails when axe finds something serious on what is shown now. */
export async function checkAccess(page, where) {
  await page.evaluate(`if (!window.axe) { ${AXE} }`);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const lines = serious.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html.slice(0, 160)).join("\n  ")}`);
  assert.equal(lines.join("\n"), "", `serious faults on ${where}`);
}
