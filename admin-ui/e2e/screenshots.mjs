// Takes the pictures of the README from a server of its own: `npm run screenshots`.
import { mkdirSync } from "node:fs";
import { DESKTOP, launch, PHONE } from "./browser.mjs";
import { seed } from "./seed.mjs";
import { startServer } from "./server.mjs";

const FOLDER = new URL("../screenshots/", import.meta.url).pathname;
const EMAIL = "first@example.com";
const PASSWORD = "a-long-password";

const SHOTS = [
  { name: "records", size: DESKTOP, scheme: "light", address: "#/collections?collection=posts" },
  { name: "record-dark", size: DESKTOP, scheme: "dark", address: "#/collections?collection=posts", act: (page) => page.getByRole("gridcell").filter({ hasText: /^The / }).first().click() },
  { name: "rules", size: DESKTOP, scheme: "light", address: "#/collections?collection=posts&tab=rules" },
  { name: "overview-dark", size: DESKTOP, scheme: "dark", address: "#/overview" },
  { name: "phone", size: PHONE, scheme: "light", address: "#/collections?collection=posts" },
  { name: "phone-dark", size: PHONE, scheme: "dark", address: "#/collections?collection=posts&tab=fields" },
];

const [server, browser] = await Promise.all([startServer(), launch()]);
try {
  const token = server.setup.split("/").pop();
  const made = await fetch(`${server.url}/api/collections/_superusers/records`, {
    method: "POST",
    headers: { Authorization: token, "Content-Type": "application/json" },
    body: JSON.stringify({ email: EMAIL, password: PASSWORD, passwordConfirm: PASSWORD }),
  });
  if (!made.ok) throw new Error(await made.text());
  const pb = await seed(server.url, EMAIL, PASSWORD);
  const session = JSON.stringify({ token: pb.authStore.token, record: pb.authStore.record });
  mkdirSync(FOLDER, { recursive: true });
  for (const { name, size, scheme, address, act } of SHOTS) {
    const context = await browser.newContext({ ...size, colorScheme: scheme, locale: "en-US", reducedMotion: "reduce" });
    await context.addInitScript((value) => localStorage.setItem("haversack_dashboard", value), session);
    const page = await context.newPage();
    await page.goto(`${server.url}/_/${address}`);
    await page.waitForTimeout(1500);
    await act?.(page);
    await page.waitForTimeout(800);
    await page.screenshot({ path: `${FOLDER}${name}.png` });
    await context.close();
    console.log(`${name}.png`);
  }
} finally {
  await browser.close();
  await server.stop();
}
