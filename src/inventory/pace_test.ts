/** How many requests a deployment gets, whoever asks for what. Time is virtual, requests are real. */
import assert from "node:assert/strict";
import { addJob, addOrganization } from "../../tests/fake-coder/mod.ts";
import {
  DAEMONS,
  type InventoryRig,
  JOBS,
  KEYS,
  PROXIES,
  startInventoryRig,
  visit,
  type Visitor,
} from "../../tests/inventory/rig.ts";
import { below, seededRandom } from "../telemetry/testing/random.ts";
import { createListings, type Listings, type ListNews, type Place } from "./mod.ts";

const MINUTE = 60_000;

/** Fifteen times the same visitor. */
function fifteen(make: (index: number) => () => Promise<{ lookAgainMs: number }>): Visitor[] {
  return Array.from({ length: 15 }, (_, index) => {
    const ask = make(index);
    return async () => (await ask()).lookAgainMs;
  });
}

const provisioners = (rig: InventoryRig, organization = "default") =>
  fifteen(() => () => rig.listings.keys(rig.place, organization, rig));

Deno.test("fifteen provisioners, ten minutes: one list a minute", async () => {
  await using rig = await startInventoryRig();
  await visit(rig.clock, provisioners(rig), 10 * MINUTE);
  assert.equal(rig.sent(), 11);
});

Deno.test("visits at any time and for any other reason cost nothing more", async () => {
  await using rig = await startInventoryRig();
  const random = seededRandom(3);
  const visitors = fifteen(() => async () => {
    await rig.listings.keys(rig.place, "default", rig);
    return { lookAgainMs: 1 + below(random, 20_000) };
  });
  await visit(rig.clock, visitors, 10 * MINUTE);
  assert.ok(rig.sent() <= 11, `${rig.sent()} requests`);
  assert.ok(rig.sent() >= 9, `${rig.sent()} requests`);
});

Deno.test("provisioners and proxies of one deployment share one list a minute, fairly", async () => {
  await using rig = await startInventoryRig();
  const proxies = fifteen(() => () => rig.listings.proxies(rig.place, rig));
  await visit(rig.clock, [...provisioners(rig), ...proxies], MINUTE - 1);
  assert.equal(rig.sent(), 2, "both begin at once");
  await visit(rig.clock, [...provisioners(rig), ...proxies], 11 * MINUTE - 1);
  assert.equal(rig.sent(), 12);
  assert.deepEqual([rig.sent(KEYS), rig.sent(PROXIES)], [6, 6]);
});

Deno.test("with more lists each has its turn more rarely, and all have it", async () => {
  await using rig = await startInventoryRig();
  const organizations = ["one", "two", "three"];
  for (const name of organizations) addOrganization(rig.coder.fake.state, name);
  const visitors = [
    ...organizations.flatMap((name) => provisioners(rig, name)),
    ...fifteen(() => () => rig.listings.proxies(rig.place, rig)),
    ...fifteen(() => () => rig.listings.daemons(rig.place, "one", rig)),
  ];
  await visit(rig.clock, visitors, 30 * MINUTE);
  assert.ok(rig.sent() <= 5 + 30, `${rig.sent()} requests`);
  const lists = [...organizations.map((name) => `/api/v2/organizations/${name}/provisionerkeys`), PROXIES];
  for (const path of lists) {
    const count = rig.coder.fake.requests.filter((one) => one.method === "GET" && one.path === path).length;
    assert.ok(count >= 6 && count <= 8, `${path}: ${count}`);
  }
  assert.ok(rig.sent(DAEMONS) >= 6);
});

Deno.test("autoscalers ask for jobs every quarter of a minute, all together, and only while there are any", async () => {
  await using rig = await startInventoryRig();
  addJob(rig.coder.fake.state, {});
  const visitors = fifteen(() => async () => {
    const jobs = await rig.listings.jobs(rig.place, "default", rig);
    const daemons = await rig.listings.daemons(rig.place, "default", { ...rig, pace: "work" });
    return { lookAgainMs: Math.min(jobs.lookAgainMs, daemons.lookAgainMs) };
  });
  await visit(rig.clock, visitors, 5 * MINUTE);
  assert.deepEqual([rig.sent(JOBS), rig.sent(DAEMONS)], [21, 21]);
  rig.clock.advanceSync(60 * MINUTE);
  assert.equal(rig.sent(), 42);
});

Deno.test("one who wants jobs faster than their pace gets those that there are", async () => {
  await using rig = await startInventoryRig();
  const visitors = fifteen(() => async () => {
    const { latest, lookAgainMs } = await rig.listings.jobs(rig.place, "default", { ...rig, maxAgeMs: 1 });
    assert.notEqual(latest, undefined);
    return { lookAgainMs: Math.min(lookAgainMs, 1_000) };
  });
  await visit(rig.clock, visitors, MINUTE);
  assert.equal(rig.sent(), 5);
});

Deno.test("lists of work do not take the turns of verification", async () => {
  await using rig = await startInventoryRig();
  const jobs = fifteen(() => () => rig.listings.jobs(rig.place, "default", rig));
  await visit(rig.clock, [...jobs, ...provisioners(rig)], 5 * MINUTE);
  assert.deepEqual([rig.sent(KEYS), rig.sent(JOBS)], [6, 21]);
});

Deno.test("changes bring lists of their own, and the proxies keep their turns", async () => {
  await using rig = await startInventoryRig();
  let changedAt: number | undefined;
  const changing: Visitor = async () => {
    await rig.listings.keys(rig.place, "default", { ...rig, newerThan: changedAt });
    changedAt = rig.wall();
    return 5_000;
  };
  const proxies = fifteen(() => () => rig.listings.proxies(rig.place, rig));
  await visit(rig.clock, [changing, ...proxies], 10 * MINUTE);
  assert.equal(rig.sent(KEYS), 121);
  assert.ok(rig.sent(PROXIES) >= 10, `${rig.sent(PROXIES)}`);
});

Deno.test("while Coder refuses everything, fifteen cost as little as one", async () => {
  await using rig = await startInventoryRig();
  rig.coder.fake.faults.rateLimit(null);
  await visit(rig.clock, provisioners(rig), 35_000);
  assert.ok(rig.sent() <= 2, `${rig.sent()} requests in 35 s`);
  await visit(rig.clock, provisioners(rig), 10 * MINUTE);
  assert.ok(rig.sent() <= 6, `${rig.sent()} requests in 10 min`);
});

Deno.test("news wake only those whom they concern, and these find the new list there", async () => {
  await using rig = await startInventoryRig();
  const { provisioners: calls } = rig.coder.client;
  const names = Array.from({ length: 15 }, (_, index) => `key-${index}`);
  for (const name of names) await calls.createKey("default", { name });
  const woken: string[] = [];
  rig.listings.onNews(({ kind, changed }: ListNews) => {
    if (kind === "keys") woken.push(...names.filter((name) => changed.has(name)));
  });
  await visit(rig.clock, provisioners(rig), MINUTE);
  await calls.deleteKey("default", "key-7");
  const before = rig.sent();
  await visit(rig.clock, provisioners(rig), 2 * MINUTE);
  assert.deepEqual(woken, ["key-7"]);
  const sent = rig.sent();
  assert.equal(sent - before, 1);
  const { latest } = await rig.listings.keys(rig.place, "default", rig);
  assert.equal(latest?.keys.some(({ name }) => name === "key-7"), false);
  assert.equal(rig.sent(), sent);
});

/** A Coder that only counts, for long histories. */
function countingPlace(controlPlane: string, now: () => number) {
  const sent: { list: string; at: number }[] = [];
  const note = <T>(list: string, content: T) => {
    sent.push({ list, at: now() });
    return Promise.resolve(content);
  };
  const client = {
    provisioners: {
      listKeys: (organization: string) => note(`keys ${organization}`, []),
      listDaemons: (organization: string) => note(`daemons ${organization}`, []),
    },
    workspaceProxies: { list: () => note("proxies", []) },
    organizations: { list: () => note("organizations", []) },
  } as unknown as Place["client"];
  return { sent, place: { controlPlane, credential: "operator", client } };
}

Deno.test("whoever asks for what and when: never more than one verification list a minute, and none forgotten", async () => {
  for (let seed = 1; seed <= 15; seed++) {
    const random = seededRandom(seed);
    let now = 0;
    const signal = new AbortController().signal;
    const listings: Listings = createListings({ clock: { now: () => now }, wallTime: () => now, random });
    const { sent, place } = countingPlace("a/coder", () => now);
    const organizations = Array.from({ length: 1 + below(random, 3) }, (_, index) => `o${index}`);
    const lists: [string, () => Promise<{ lookAgainMs: number }>][] = [
      ["proxies", () => listings.proxies(place, { signal })],
      ...organizations.flatMap((name): typeof lists => [
        [`keys ${name}`, () => listings.keys(place, name, { signal })],
        [`daemons ${name}`, () => listings.daemons(place, name, { signal, maxAgeMs: 2 * MINUTE })],
      ]),
    ];
    const due = new Map(
      Array.from(
        { length: 30 },
        (_, index) => [{ list: lists[index % lists.length]! }, below(random, 5_000)],
      ),
    );
    for (;;) {
      const [visitor, at] = [...due].sort(([, a], [, b]) => a - b)[0]!;
      if (at > 60 * MINUTE) break;
      now = at;
      const { lookAgainMs } = await visitor.list[1]();
      // Some come when told, some for reasons of their own, some are late.
      due.set(visitor, now + 1 + (below(random, 3) === 0 ? below(random, 30_000) : lookAgainMs));
    }
    const steady = sent.filter(({ at }) => at >= MINUTE);
    const gaps = steady.slice(1).map(({ at }, index) => at - steady[index]!.at);
    assert.ok(gaps.every((gap) => gap >= MINUTE), `seed ${seed}: ${Math.min(...gaps)}`);
    for (const [list] of lists) {
      const times = sent.filter((one) => one.list === list).map(({ at }) => at);
      const waits = [...times.slice(1), now].map((at, index) => at - times[index]!);
      const most = (lists.length + 2) * MINUTE + 2 * MINUTE;
      assert.ok(Math.max(...waits) <= most, `seed ${seed}: ${list} waited ${Math.max(...waits)}`);
    }
  }
});

Deno.test("three hundred provisioners on twenty control planes: each gets one list a minute", async () => {
  let now = 0;
  const signal = new AbortController().signal;
  const listings = createListings({ clock: { now: () => now }, wallTime: () => now });
  const planes = Array.from({ length: 20 }, (_, index) => countingPlace(`a/${index}`, () => now));
  for (now = 0; now <= 10 * MINUTE; now += 5_000) {
    for (const { place } of planes) {
      await Promise.all(Array.from({ length: 15 }, () => listings.keys(place, "default", { signal })));
    }
  }
  assert.deepEqual(new Set(planes.map(({ sent }) => sent.length)), new Set([11]));
  assert.equal(listings.size, 20);
});
