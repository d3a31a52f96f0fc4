// How long it takes from a click on a collection of many records until its rows are drawn:
//
//   node e2e/million.mjs [how many records, a million when left out]
//
// HAVERSACK_BIN is the program (use an optimized build), MILLION_DATA a folder to keep the filled data in
// between runs, MILLION_RUNS how often each click is measured (10), E2E_THROTTLE slows the browser down. MILLION_DIST takes the dashboard from that folder
// instead of the program, and MILLION_TRACE writes a profile of one click.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import PocketBase from "pocketbase";
import { DESKTOP, launch } from "./browser.mjs";
import { visit } from "./page.mjs";
import { EMAIL, openAs, PASSWORD, superuserOf } from "./session.mjs";
import { startServer } from "./server.mjs";

const COUNT = Number(process.argv[2] ?? 1_000_000);
const RUNS = Number(process.env.MILLION_RUNS ?? 10);
const AT_ONCE = 1000;
const WORDS = "quiet river morning stone garden letter window copper harvest lantern meadow winter".split(" ");
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml" };

const server = await startServer(process.env.MILLION_DATA);
const pb = server.setup ? await superuserOf(server) : new PocketBase(server.url);
pb.autoCancellation(false);
if (!pb.authStore.token) await pb.collection("_superusers").authWithPassword(EMAIL, PASSWORD);

function record(at) {
  const word = (step) => WORDS[(at * 7 + step * 3) % WORDS.length];
  return { title: `The ${word(1)} ${word(2)} of ${word(5)} ${at}`, note: `A ${word(0)} ${word(3)} in the ${word(4)}.`, reads: (at * 137) % 20000, done: at % 3 === 0, mood: ["calm", "bright", "sad"][at % 3], due: new Date(Date.UTC(2026, at % 12, (at % 27) + 1)), email: `p${at}@example.com` };
}

async function fill() {
  const known = await pb.collections.getOne("many").catch(() => null);
  if (!known) {
    const fields = [
      ...["title", "note"].map((name) => ({ type: "text", name })),
      { type: "number", name: "reads" },
      { type: "bool", name: "done" },
      { type: "select", name: "mood", values: ["calm", "bright", "sad"], maxSelect: 1 },
      { type: "date", name: "due" },
      { type: "email", name: "email" },
      { type: "autodate", name: "created", onCreate: true },
      { type: "autodate", name: "updated", onCreate: true, onUpdate: true },
    ];
    await pb.collections.create({ name: "many", type: "base", fields });
    await pb.settings.update({ batch: { enabled: true, maxRequests: AT_ONCE, timeout: 60, maxBodySize: 64 << 20 } });
  }
  const there = (await pb.collection("many").getList(1, 1)).totalItems;
  const start = Date.now();
  for (let at = there; at < COUNT; at += AT_ONCE) {
    const batch = pb.createBatch();
    for (let next = at; next < Math.min(at + AT_ONCE, COUNT); next += 1) batch.collection("many").create(record(next));
    await batch.send();
  }
  if (there < COUNT) console.log(`${COUNT - there} records filled in ${((Date.now() - start) / 1000).toFixed(0)} s`);
}

/** Serves the page's files from a folder: so a new build is measured on a program that holds another one. */
async function fromFolder(context, dist) {
  await context.route("**/_/**", (route) => {
    const path = new URL(route.request().url()).pathname.replace("/_/", "") || "index.html";
    if (!existsSync(join(dist, path))) return route.continue();
    return route.fulfill({ body: readFileSync(join(dist, path)), contentType: TYPES[/\.\w+$/.exec(path)?.[0]] ?? "application/octet-stream" });
  });
}

/** Clicks, and tells when rows were there, and when they were drawn. Runs in the page. */
function clickToRows(hover) {
  return new Promise((done) => {
    const link = [...document.querySelectorAll("nav ~ main a, main a")].find((each) => each.textContent === "many");
    const pointer = (type) => link.dispatchEvent(new PointerEvent(type, { bubbles: true, pointerType: "mouse" }));
    const click = () => {
      pointer("pointerdown");
      const start = performance.now();
      const watch = new MutationObserver(() => {
        const grid = document.querySelector('[role="grid"][aria-label="Records of many"] [data-index="0"]');
        if (!grid) return;
        watch.disconnect();
        const inPage = performance.now() - start;
        // The first task after the next frame: what was put in is on the screen.
        requestAnimationFrame(() => setTimeout(() => {
          const asked = performance.getEntriesByType("resource").find((each) => each.name.includes("/many/records?") && each.startTime >= start - hover - 50);
          done({ inPage, drawn: performance.now() - start, api: asked ? asked.responseEnd - asked.startTime : 0, asked: asked ? asked.startTime - start : 0 });
        }));
      });
      watch.observe(document, { childList: true, subtree: true });
      link.click();
    };
    pointer("pointerover");
    pointer("pointerenter");
    link.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
    if (hover) setTimeout(click, hover);
    else click();
  });
}

const WORK = { cpu: "TaskDuration", scripts: "ScriptDuration", styles: "RecalcStyleDuration", layout: "LayoutDuration" };

/** How long the page's thread has worked, and what for, in ms. Other programs on the machine do not count. */
async function processorTime(context, page) {
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return Object.fromEntries(Object.entries(WORK).map(([key, name]) => [key, 1000 * metrics.find((each) => each.name === name).value]));
  };
  return async () => {
    const before = await read();
    return async () => Object.fromEntries(Object.entries(await read()).map(([key, value]) => [key, value - before[key]]));
  };
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

await fill();
const browser = await launch();
try {
  const { page, context } = await openAs(pb, browser, DESKTOP);
  if (process.env.MILLION_DIST) await fromFolder(context, process.env.MILLION_DIST);
  const cpu = await processorTime(context, page);
  for (const [title, hover] of [["click at once", 0], ["click 100 ms after the pointer came", 100]]) {
    const runs = [];
    for (let run = 0; run <= RUNS; run += 1) {
      await visit(page, `${server.url}/_/#/collections?collection=users`);
      // Nothing may be left of the time before.
      await page.reload();
      await page.getByText("No records yet").waitFor();
      await page.waitForTimeout(300);
      const worked = await cpu();
      const trace = process.env.MILLION_TRACE && run === RUNS && hover === 0;
      const cdp = trace && (await context.newCDPSession(page));
      if (cdp) {
        await cdp.send("Profiler.enable");
        await cdp.send("Profiler.setSamplingInterval", { interval: 200 });
        await cdp.send("Profiler.start");
      }
      const times = await page.evaluate(clickToRows, hover);
      if (cdp) writeFileSync(process.env.MILLION_TRACE, JSON.stringify((await cdp.send("Profiler.stop")).profile));
      Object.assign(times, await worked());
      // The first one loads the code.
      if (run > 0) runs.push(times);
    }
    const show = (key) => `${median(runs.map((each) => each[key])).toFixed(0)} ms (best ${Math.min(...runs.map((each) => each[key])).toFixed(0)})`;
    console.log(`${title}: rows in the page ${show("inPage")}, drawn ${show("drawn")} (asked at ${show("asked")}, answered in ${show("api")}; the page's own work ${show("cpu")}: scripts ${show("scripts")}, styles ${show("styles")}, layout ${show("layout")}); median of ${RUNS}`);
  }
  // A scroll through the list: how long its frames take.
  const frames = await page.evaluate(async () => {
    const scroller = document.querySelector('[role="grid"]').parentElement;
    const times = [];
    let before = performance.now();
    for (let step = 0; step < 120; step += 1) {
      scroller.scrollTop += 120;
      await new Promise((next) => requestAnimationFrame(next));
      times.push(performance.now() - before);
      before = performance.now();
    }
    return times.toSorted((a, b) => a - b);
  });
  console.log(`scrolling: frames of ${median(frames).toFixed(0)} ms, 95 of 100 under ${frames[Math.floor(frames.length * 0.95)].toFixed(0)} ms, the longest ${frames.at(-1).toFixed(0)} ms`);
  console.log(`cells in the page: ${await page.getByRole("gridcell").count()}, elements: ${await page.evaluate(() => document.querySelectorAll("*").length)}`);
} finally {
  await browser.close();
  await server.stop();
}
