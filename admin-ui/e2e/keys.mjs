// Somebody without a mouse.
import assert from "node:assert/strict";

const TABS_MAX = 150;

/** Presses Tab until `target` has the focus. */
export async function tabTo(page, target) {
  await target.waitFor({ state: "attached" });
  for (let pressed = 0; pressed < TABS_MAX; pressed += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`the keyboard does not reach ${target}`);
}

export async function enterOn(page, target) {
  await tabTo(page, target);
  await page.keyboard.press("Enter");
}

/** Goes to an input and writes over what is there. */
export async function writeOver(page, target, text) {
  await tabTo(page, target);
  await page.keyboard.press("Control+a");
  await page.keyboard.type(text);
}
