// Every main screen, light and dark, on a desktop and on a phone: it opens, axe finds nothing serious, and nothing sticks out.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DESKTOP, launch, PHONE } from "./browser.mjs";
import { checkAccess, visit } from "./page.mjs";
import { seed } from "./seed.mjs";
import { EMAIL, openAs, PASSWORD, superuserOf } from "./session.mjs";
import { startServer } from "./server.mjs";

const POSTS = "#/collections?collection=posts";
const SCREENS = [
  POSTS,
  `${POSTS}&record=new`,
  `${POSTS}&tab=fields`,
  `${POSTS}&tab=rules`,
  `${POSTS}&tab=api`,
  "#/collections?collection=post_counts",
  "#/collections?collection=post_counts&tab=query",
  "#/collections?collection=users",
  "#/collections?collection=users&tab=auth",
  "#/collections?new=auth",
  "#/overview",
  "#/logs",
  ...["", "/mail", "/storage", "/backups", "/crons", "/webhooks", "/limits", "/network", "/keys", "/sessions", "/encryption", "/rules", "/export-collections", "/import-collections", "/sql"].map((page) => `#/settings${page}`),
];
const LOOKS = [
  ["desktop, light", { ...DESKTOP, colorScheme: "light" }],
  ["desktop, dark", { ...DESKTOP, colorScheme: "dark" }],
  ["phone, light", { ...PHONE, colorScheme: "light" }],
  ["phone, dark", { ...PHONE, colorScheme: "dark" }],
];

describe("every screen", () => {
  let server;
  let browser;
  let pb;
  before(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    await superuserOf(server);
    pb = await seed(server.url, EMAIL, PASSWORD, 12);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  for (const [look, options] of LOOKS) {
    test(look, async () => {
      const { page, context, complaints } = await openAs(pb, browser, options);
      for (const address of SCREENS) {
        await visit(page, `${server.url}/_/${address}`);
        await checkAccess(page, address);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${address} is ${over} pixels too wide`);
      }
      assert.deepEqual(complaints, []);
      await context.close();
    });
  }
});
