// Tests of which each stands on the ones before it: after a failure the rest would only wait.
import { test } from "node:test";

/** A `test` for one story. SHOT names a file for a picture of the page where it failed. */
export function story(pageNow) {
  let failed = "";
  return (title, work) =>
    test(title, async (context) => {
      if (failed) return context.skip(`after "${failed}"`);
      try {
        await work();
      } catch (failure) {
        failed = title;
        if (process.env.SHOT) await pageNow()?.screenshot({ path: process.env.SHOT });
        throw failure;
      }
    });
}
