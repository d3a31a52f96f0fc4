// Takes the pictures of the README from a server of its own: `npm run screenshots`.
import { mkdirSync } from "node:fs";
import { DESKTOP, launch, PHONE } from "./browser.mjs";
import { settled, visit } from "./page.mjs";
import { seed } from "./seed.mjs";
import { EMAIL, openAs, PASSWORD, superuserOf } from "./session.mjs";
import { startServer } from "./server.mjs";

const FOLDER = new URL("../screenshots/", import.meta.url).pathname;
const POSTS = "#/collections?collection=posts";
const openFirst = (page) => page.getByRole("gridcell").filter({ hasText: /^The / }).first().click();

const SHOTS = [
  { name: "records", size: DESKTOP, address: POSTS },
  { name: "record", size: DESKTOP, address: POSTS, act: openFirst },
  { name: "fields", size: DESKTOP, address: `${POSTS}&tab=fields` },
  { name: "rules", size: DESKTOP, address: `${POSTS}&tab=rules` },
  { name: "overview", size: DESKTOP, address: "#/overview" },
  { name: "logs", size: DESKTOP, address: "#/logs", act: (page) => page.getByLabel("With superusers").check({ force: true }) },
  { name: "settings", size: DESKTOP, address: "#/settings/backups" },
  { name: "phone", size: PHONE, address: POSTS },
  { name: "phone-record", size: PHONE, address: POSTS, act: (page) => page.locator('[data-index="0"]').click() },
  { name: "phone-fields", size: PHONE, address: `${POSTS}&tab=fields` },
];

const [server, browser] = await Promise.all([startServer(), launch()]);
try {
  await superuserOf(server);
  const pb = await seed(server.url, EMAIL, PASSWORD);
  await pb.backups.create("before-the-move.zip");
  mkdirSync(FOLDER, { recursive: true });
  for (const { name, size, address, act } of SHOTS) {
    for (const colorScheme of ["light", "dark"]) {
      const { page, context } = await openAs(pb, browser, { ...size, colorScheme });
      await visit(page, `${server.url}/_/${address}`);
      await act?.(page);
      await settled(page);
      // Pictures inside the page, and where the eye would look for the pointer.
      await page.mouse.move(0, 0);
      await page.waitForTimeout(400);
      await page.screenshot({ path: `${FOLDER}${name}${colorScheme === "dark" ? "-dark" : ""}.png` });
      await context.close();
      console.log(`${name}, ${colorScheme}`);
    }
  }
} finally {
  await browser.close();
  await server.stop();
}
