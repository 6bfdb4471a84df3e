/** The page with 10,000 workspaces in a real Chromium: how soon it is of use, and what a change costs. */
import { FakeServer, hello } from "../../ui/fake_server.ts";
import { type Page, startChromium } from "../../ui/chromium.ts";
import { platform, rowsEvents, tellAll, workspace } from "../../ui/sample.ts";
import type { WatchEvent } from "../../../src/ui/types.ts";
import { percentile } from "../aggregated/figures.ts";
import type { ToldRows } from "../told_rows.ts";
import * as probe from "./page_probe.js";

const WORKSPACES = 10_000;
const LOADS = 7;
const CHANGES = 60;
const MIB = 2 ** 20;
const ms = (value: number) => `${value.toFixed(1)} ms`;

/** Measures on a server that is played; what the real one takes is measured beside this. */
export async function measurePage(rows: ToldRows): Promise<void> {
  await using server = new FakeServer();
  const events = [hello(), ...rowsEvents(platform(WORKSPACES, Date.now()))];
  server.opening = (watcher) => tellAll(watcher, events);
  await using browser = await startChromium();
  const [firsts, wholes]: [number[], number[]] = [[], []];
  for (let load = 0; load < LOADS; load++) {
    const context = await browser.createBrowserContext();
    const page = await open(await context.newPage(), server);
    const { firstRow, complete } = await page.evaluate(probe.loaded);
    // The first one warms the machine up.
    if (load > 0) firsts.push(firstRow), wholes.push(complete);
    if (load === LOADS - 1) await changes(page, server, rows, { firsts, wholes });
    await context.close();
  }
}

async function open(page: Page, server: FakeServer): Promise<Page> {
  await page.setViewport({ width: 1_280, height: 800 });
  await page.evaluateOnNewDocument(probe.install);
  await page.goto(`${server.url}#workspaces`);
  await page.waitForFunction(probe.isLoaded);
  return page;
}

async function changes(
  page: Page,
  server: FakeServer,
  rows: ToldRows,
  { firsts, wholes }: { readonly firsts: number[]; readonly wholes: number[] },
): Promise<void> {
  const atMost = (limit: number, what: string, value: number) =>
    rows.atMost(limit, { what, value, text: ms(value), unit: " ms" });
  const worst = (all: number[]) => Math.max(...all);
  atMost(1_000, "page, 10,000 workspaces: first rows seen after the load began, worst of 6", worst(firsts));
  atMost(1_000, "the same, all rows there, filters and search at work", worst(wholes));

  const live: number[] = [];
  for (let round = 0; round < CHANGES; round++) {
    const template = `t${round}`;
    const done = page.evaluate(probe.changed, "tbody", template);
    await page.evaluate(probe.isWaiting);
    server.send(
      {
        kind: "rows",
        section: "workspaces",
        rows: [{ ...workspace(0), template }],
        removed: [],
      } as WatchEvent,
    );
    live.push(await done);
  }
  atMost(50, `a live change, from message to painted, p50 of ${CHANGES}`, percentile(live, 0.5));
  atMost(50, "the same, p95", percentile(live, 0.95));

  const burst = page.evaluate(probe.changed, "tbody", "burst");
  await page.evaluate(probe.isWaiting);
  const many = Array.from(
    { length: 1_000 },
    (_, index) => ({ ...workspace(index), template: "burst", state: "stopping" }),
  );
  server.send({ kind: "rows", section: "workspaces", rows: many, removed: [] } as WatchEvent);
  const burstMs = await burst;
  rows.push({ what: "1,000 changes in one message, painted", measured: ms(burstMs), value: burstMs });

  const search = await page.evaluate(probe.acted, "search", "dev399 rust", ".found", "found");
  rows.push({ what: "a search through 10,000 rows, painted", measured: ms(search), value: search });
  await page.evaluate(probe.acted, "search", "", "tbody", "project-0");
  const sort = await page.evaluate(
    probe.acted,
    "sort",
    "lastUsedAt",
    'th[aria-sort="ascending"]',
    "Last used",
  );
  rows.push({ what: "another order of 10,000 rows, painted", measured: ms(sort), value: sort });

  const session = await page.createCDPSession();
  await session.send("HeapProfiler.collectGarbage");
  const { JSHeapUsedSize = 0, Nodes = 0 } = await page.metrics();
  const heap = JSHeapUsedSize / MIB;
  rows.push({
    what: "JavaScript heap with 10,000 workspaces",
    measured: `${heap.toFixed(1)} MiB`,
    value: heap,
  });
  rows.push({ what: "nodes of the document", measured: String(Nodes), value: Nodes });
  await session.detach();
}
