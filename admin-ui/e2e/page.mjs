// A page that watches itself: what it still waits for, what the console complains of, and what axe finds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// Chromium reports every refused request as an error of the console; the dashboard shows those itself.
const REFUSAL = /Failed to load resource: the server responded with a status of (400|401|403|404|412)/;
// E2E_THROTTLE=6 runs everything on a processor that seems six times slower, where races show.
const THROTTLE = Number(process.env.E2E_THROTTLE ?? 1);
const TIMEOUT_MS = 30_000 * Math.max(1, THROTTLE / 2);

export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ ...options, locale: options.locale ?? "en-US", reducedMotion: "reduce" });
  const complaints = [];
  const page = await openTab(context, complaints);
  return { page, context, complaints };
}

/** One more page of the same browser, which shares its session. */
export async function openTab(context, complaints = []) {
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  if (THROTTLE > 1) {
    const session = await context.newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: THROTTLE });
  }
  page.on("console", (message) => {
    if (message.type() === "error" && !REFUSAL.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => dialog.accept().catch(() => {}));
  return page;
}

/** Whether nothing on the page waits or moves; runs in the page. */
function atRest() {
  if (document.querySelector('[role="status"][aria-label="Loading"], .mantine-Skeleton-root, .mantine-Loader-root')) return false;
  return document.getAnimations().every((each) => each.playState !== "running");
}

/** Waits until what the page shows has come and stands still. */
export async function settled(page) {
  // An address is followed in the task after it changed, and what that shows is drawn a frame later.
  await page.evaluate(() => new Promise((resume) => setTimeout(() => requestAnimationFrame(() => setTimeout(resume)))));
  await page.waitForFunction(atRest);
}

/** Goes to an address, and waits until the page there is at rest. Whatever leads elsewhere is a fault. */
export async function visit(page, address) {
  await page.goto(address);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await settled(page);
  assert.equal(page.url(), address, "the page led elsewhere");
}

/** Fails when axe finds something serious on what is shown now. */
export async function checkAccess(page, where) {
  await settled(page);
  await page.evaluate(`if (!window.axe) { ${AXE} }`);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const lines = serious.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => `${node.html.slice(0, 160)} | ${node.failureSummary?.slice(0, 200)}`).join("\n  ")}`);
  assert.equal(lines.join("\n"), "", `serious faults on ${where}`);
}

export const button = (within, name) => within.getByRole("button", { name, exact: true });
