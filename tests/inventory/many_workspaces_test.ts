/** A Coder with thousands of workspaces, and what happens to them while their pages are read. Requests are real. */
import assert from "node:assert/strict";
import type { CoderWorkspace } from "../../src/api/workspace.ts";
import { workspaceObject } from "../../src/aggregated/convert/workspace.ts";
import { Resources } from "../../src/aggregated/resources/resources.ts";
import { createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { type Change, staticBackends } from "../../src/inventory/mod.ts";
import { FakeClock } from "../../src/telemetry/testing/fake_clock.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { waitFor } from "../cluster/wait.ts";
import { addWorkspace, startFakeCoder } from "../fake-coder/mod.ts";
import { START } from "./rig.ts";

const COUNT = 3_000;
const LIST = "/api/v2/workspaces?";

async function manyRig() {
  const fake = await startFakeCoder({ rateLimit: -1 });
  const { token } = fake.state.addOwner();
  const owners = Array.from(
    { length: 40 },
    (_, index) => fake.state.addUser({ username: `user-${index}`, roles: [] }),
  );
  for (let index = 0; index < COUNT; index++) {
    addWorkspace(fake.state, owners[index % owners.length]!, `ws-${index}`);
  }
  const direct = createTransport({ url: fake.url });
  const asked: string[] = [];
  const hooks = { afterPage: () => {} };
  const transport: typeof direct = {
    ...direct,
    async send(request) {
      const answer = await direct.send(request);
      if (request.path.startsWith(LIST)) {
        asked.push(new URLSearchParams(request.path.slice(LIST.length)).get("offset") ?? "");
        hooks.afterPage();
      }
      return answer;
    },
  };
  const client = createCoderClient({ transport, token, timeoutMs: 60_000, budget: undefined });
  const clock = new FakeClock();
  const resources = new Resources({ wallTime: () => START + clock.now() });
  const backends = staticBackends({
    namespace: "lab",
    open: () => Promise.resolve(client),
    listener: resources,
    copy: { clock, wallTime: () => START + clock.now(), jitter: 0, requestTimeoutMs: 60_000 },
  });
  resources.of(backends);
  const [backend] = backends.list();
  const { copy } = backend!;
  let end = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const stop = async () => {
    end.abort();
    await running;
  };
  return {
    fake,
    owners,
    asked,
    hooks,
    client,
    collection: resources.workspaces.collection,
    copy,
    /** Lets the next list come: a copy that begins to run asks at once, whatever it knows. Time stands still meanwhile. */
    async next() {
      await stop();
      asked.length = 0;
      await clock.advance(31_000);
      const before = copy.state("workspaces").completeAt;
      end = new AbortController();
      running = backends.run(end.signal);
      await waitFor(() => copy.state("workspaces").completeAt !== before, {
        timeoutMs: 60_000,
        intervalMs: 5,
        what: "a list of all workspaces",
      });
    },
    async [Symbol.asyncDispose]() {
      await stop();
      direct.close();
      await fake.stop();
    },
  };
}

type ManyRig = Awaited<ReturnType<typeof manyRig>>;

/** Something happens to some workspace; `left` are the ids that lost their name, or their life. */
function happen(random: () => number, { fake, owners }: ManyRig, left: Set<unknown>): void {
  const one = pick(random, fake.state.workspaces);
  const build = one["latest_build"] as object;
  switch (below(random, 5)) {
    case 0:
      addWorkspace(fake.state, pick(random, owners), `new-${fake.state.workspaces.length}`);
      return;
    case 1:
      one["deleted"] = true;
      left.add(one["id"]);
      return;
    case 2:
      // To the end of the list, or to its beginning.
      one["latest_build"] = { ...build, status: below(random, 2) === 0 ? "stopped" : "running" };
      return;
    case 3:
      one["name"] = `other-${below(random, 1e9)}`;
      left.add(one["id"]);
      return;
    case 4:
      one["ttl_ms"] = below(random, 100) * 60_000;
  }
}

/** Follows a collection as a watcher does. */
function follow({ collection }: ManyRig) {
  const store = new Map(collection.list("lab").items.map((object) => [object.metadata.name, object]));
  const changes: Change<CoderWorkspace>[] = [];
  collection.watch({ namespace: "lab", begin: "now" }, {
    change(change) {
      changes.push(change);
      const { name } = change.object.metadata;
      if (change.type === "DELETED") assert.ok(store.delete(name), `${name} was there`);
      else {
        assert.equal(store.has(name), change.type === "MODIFIED", `${change.type} ${name}`);
        store.set(name, change.object);
      }
    },
    ended: () => {},
  });
  return { store, changes };
}

function byUid(objects: Iterable<CoderWorkspace>): CoderWorkspace[] {
  const plain = [...objects].map((object) => {
    const { resourceVersion: _, ...metadata } = object.metadata;
    return { ...object, metadata };
  });
  return plain.sort((a, b) => (a.metadata.uid ?? "") < (b.metadata.uid ?? "") ? -1 : 1);
}

/** What Coder has now, converted anew. */
async function wanted({ client, copy: { addresses } }: ManyRig): Promise<CoderWorkspace[]> {
  const { workspaces } = await client.workspaces.list();
  return byUid(workspaces.map((record) => {
    const name = `${record.organization_name}.${record.owner_name}.${record.name}`;
    return workspaceObject(record, { namespace: "lab", name, addresses });
  }));
}

Deno.test("thousands of workspaces come in pages of a thousand, and lists that say the same change nothing", async () => {
  await using rig = await manyRig();
  await rig.next();
  assert.deepEqual(rig.asked, ["0", "1000", "2000"]);
  const before = rig.collection.list("lab").items;
  assert.equal(before.length, COUNT);
  assert.deepEqual(byUid(before), await wanted(rig));
  const { changes } = follow(rig);
  await rig.next();
  assert.deepEqual(rig.asked, ["0", "1000", "2000"]);
  assert.equal(rig.collection.list("lab").items, before, "the very same list");
  for (let index = 0; index < 100; index++) rig.fake.state.workspaces[index * 29]!["ttl_ms"] = 60_000;
  await rig.next();
  assert.deepEqual(new Set(changes.map(({ type }) => type)), new Set(["MODIFIED"]));
  assert.equal(changes.length, 100, "what has changed is told, once, and nothing else");
  assert.deepEqual(byUid(rig.collection.list("lab").items), await wanted(rig));
});

Deno.test("workspaces that come, go and move while their pages are read: none is lost, none shown that is gone", async () => {
  const random = seededRandom(1);
  await using rig = await manyRig();
  await rig.next();
  const { store, changes } = follow(rig);
  const left = new Set<unknown>();
  rig.hooks.afterPage = () => {
    for (let count = 0; count < 15; count++) happen(random, rig, left);
  };
  const looks = () =>
    rig.fake.requests.filter(({ route }) => route === "/api/v2/workspaces/{workspace}").length;
  for (let round = 0; round < 4; round++) {
    const lookedBefore = looks();
    await rig.next();
    assert.ok(rig.asked.length >= 3 && rig.asked.length <= 4, `${rig.asked.length} pages`);
    assert.ok(looks() - lookedBefore <= 60, `${looks() - lookedBefore} were looked at one by one`);
  }
  for (const change of changes) {
    if (change.type === "DELETED") assert.ok(left.has(change.object.metadata.uid));
  }
  rig.hooks.afterPage = () => {};
  await rig.next();
  const shown = byUid(rig.collection.list("lab").items);
  assert.deepEqual(shown, await wanted(rig));
  assert.deepEqual(byUid(store.values()), shown);
  assert.ok(changes.length > 100, `only ${changes.length} changes`);
});
