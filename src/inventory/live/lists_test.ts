import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import type { Workspace } from "../../coder/mod.ts";
import { template, uuid, workspace } from "../testing/records.ts";
import { confirmMissing, listTemplates, listWorkspaces } from "./lists.ts";
import type { CopyClient } from "./types.ts";

/** Each look at the clock is a millisecond later. */
function ticking(): () => number {
  let time = 0;
  return () => time++;
}

const limits = { signal: new AbortController().signal, timeoutMs: 1_000 };

function scan<R>() {
  const pages: R[][] = [];
  return {
    pages,
    isKnown: () => false,
    page: (records: readonly R[]) => void pages.push([...records]),
    missing: () => [],
  };
}

function client(all: Workspace[], { problems = 0, hidden = 0 } = {}) {
  const asked: number[] = [];
  const page = ({ limit = 0, offset = 0 } = {}) => {
    asked.push(offset);
    const some = all.slice(offset, offset + limit);
    const bad = offset === 0 ? Array.from({ length: problems }, (_, index) => `[${index}]`) : [];
    return Promise.resolve({
      count: all.length + hidden,
      length: some.length,
      read: (start: number, end: number) => ({
        workspaces: some.slice(Math.max(start, bad.length), end),
        problems: start === 0 ? bad : [],
      }),
    });
  };
  return { asked, client: { workspaces: { page } as unknown as CopyClient["workspaces"] } };
}

const some = (count: number) => Array.from({ length: count }, (_, index) => workspace({ id: uuid(index) }));

Deno.test("few workspaces are one request", async () => {
  const { client: coder, asked } = client(some(7));
  const taken = scan<Workspace>();
  assert.deepEqual(await listWorkspaces(coder, taken, limits, ticking(), 10), {
    count: 7,
    pages: 1,
    tookMs: 1,
    problems: [],
  });
  assert.deepEqual([asked, taken.pages.length], [[0], 1]);
});

Deno.test("a large page is taken piece by piece, and others have their turn between", async () => {
  const { client: coder } = client(some(450));
  const taken = scan<Workspace>();
  const order: string[] = [];
  const { page } = taken;
  taken.page = (records) => {
    order.push(`page ${records.length}`);
    setImmediate(() => order.push("turn"));
    page(records);
  };
  await listWorkspaces(coder, taken, limits, ticking(), 1_000);
  assert.equal(order.filter((one) => one !== "turn").length, 5);
  assert.deepEqual(order.slice(0, 3), ["page 100", "turn", "page 100"]);
  assert.equal(taken.pages.flat().length, 450);
});

Deno.test("many workspaces are taken page by page, without a request too many", async () => {
  const { client: coder, asked } = client(some(30));
  const taken = scan<Workspace>();
  assert.deepEqual(await listWorkspaces(coder, taken, limits, ticking(), 10), {
    count: 30,
    pages: 3,
    tookMs: 3,
    problems: [],
  });
  assert.deepEqual([asked, taken.pages.map(({ length }) => length)], [[0, 10, 20], [10, 10, 10]]);
});

Deno.test("records that cannot be read count for the place of the next page", async () => {
  const { client: coder, asked } = client(some(15), { problems: 3 });
  const listed = await listWorkspaces(coder, scan<Workspace>(), limits, ticking(), 10);
  assert.deepEqual([listed.problems.length, asked], [3, [0, 10]]);
});

Deno.test("what Coder counts and does not show ends no list too early, and none too late", async () => {
  const { client: coder, asked } = client(some(5), { hidden: 100 });
  assert.equal((await listWorkspaces(coder, scan<Workspace>(), limits, ticking(), 10)).count, 105);
  assert.deepEqual(asked, [0]);
});

Deno.test("templates that are deprecated are asked for apart", async () => {
  const asked: unknown[] = [];
  const templates = {
    readable(filter: unknown) {
      asked.push(filter);
      return Promise.resolve({ templates: [template()], problems: ["x"] });
    },
  } as unknown as CopyClient["templates"];
  const taken = scan();
  assert.equal((await listTemplates({ templates }, taken, limits, ticking(), false)).count, 2);
  await listTemplates({ templates }, taken, limits, ticking(), true);
  assert.deepEqual(asked, [{}, { q: "deprecated:true" }]);
  assert.equal(taken.pages.length, 2);
});

Deno.test("of many that are missing some are looked at, a few at a time", async () => {
  let now = 0;
  let most = 0;
  const looked: string[] = [];
  await confirmMissing(Array.from({ length: 50 }, (_, index) => String(index)), async (id) => {
    most = Math.max(most, ++now);
    await Promise.resolve();
    looked.push(id);
    now--;
  }, { atOnce: 3, most: 20 });
  assert.deepEqual([most, looked.length], [3, 20]);
});
