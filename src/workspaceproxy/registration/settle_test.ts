import assert from "node:assert/strict";
import { type ClientRig, startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import { fakeLicense, htmlPage, refuse } from "../../../tests/fake-coder/mod.ts";
import { CoderError } from "../../coder/mod.ts";
import { RegistrationError } from "./error.ts";
import { DEFAULT_ICON } from "./face.ts";
import { proxyCalls } from "./ports.ts";
import { type RegistrationMemory, settle } from "./settle.ts";
import { FakeWorld, look, place, UID, wanted } from "./testing.ts";

const A = "http://a";
const PATHS = "/api/v2/workspaceproxies";

interface Rig extends AsyncDisposable {
  coder: ClientRig;
  world: FakeWorld;
  /** The one proxy that there is, as Coder's database has it. */
  proxy(): ClientRig["fake"]["state"]["proxies"][number];
  held(): string | undefined;
}

/** A licensed Coder at `http://a`, and a world that knows the way to it. */
async function rigged(): Promise<Rig> {
  const coder = await startClientRig();
  await coder.client.licenses.add(fakeLicense());
  const world = new FakeWorld();
  world.ways.set(A, { way: "open", calls: proxyCalls(coder.client) });
  return {
    coder,
    world,
    proxy() {
      const live = coder.fake.state.proxies.filter(({ deleted }) => !deleted);
      assert.equal(live.length, 1, "there must be exactly one proxy");
      return live[0]!;
    },
    held: () => world.secret.state === "held" ? world.secret.token : undefined,
    [Symbol.asyncDispose]: () => coder[Symbol.asyncDispose](),
  };
}

/** The reason of the {@linkcode RegistrationError} that a look ends with. */
async function reasonOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RegistrationError) return error.reason;
    throw error;
  }
  throw new Error("the look succeeded");
}

/** The kind of the {@linkcode CoderError} that a look ends with. */
async function kindOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CoderError) return error.kind;
    throw error;
  }
  throw new Error("the look succeeded");
}

/** A registered proxy that is well, and whose look has nothing left to do. */
async function registered(fields: Parameters<typeof wanted>[1] = {}) {
  const rig = await rigged();
  const memory: RegistrationMemory = {};
  await look(rig.world, wanted(A, fields), { memory });
  rig.proxy().status = "ok";
  rig.world.told();
  rig.world.operations.length = 0;
  return { ...rig, memory, token: rig.proxy().token, [Symbol.asyncDispose]: rig[Symbol.asyncDispose] };
}

Deno.test("a proxy is registered, its token stored, and its id on record", async () => {
  await using rig = await rigged();
  const settled = await look(rig.world, wanted(A, { displayName: "Paris", icon: "/emojis/1f5fc.png" }));
  const proxy = rig.proxy();
  assert.equal(rig.held(), proxy.token);
  assert.deepEqual([proxy.name, proxy.display_name, proxy.icon_url], ["paris", "Paris", "/emojis/1f5fc.png"]);
  const registration = { id: proxy.id, name: "paris", ...place(A) };
  assert.deepEqual(rig.world.record, { registered: true, registration });
  assert.equal(settled.proxy?.id, proxy.id);
  assert.equal(settled.confirmed, true);
  assert.deepEqual(rig.world.told(), ["Registered"]);
});

Deno.test("the intent is on record before Coder hears of it", async () => {
  await using rig = await rigged();
  rig.world.hook = (operation, phase) => {
    if (operation === "create" && phase === "before") {
      assert.deepEqual(rig.world.record, {
        registrationIntent: { name: "paris", since: "2026-01-01T00:00:00Z", ...place(A) },
      });
    }
  };
  await look(rig.world, wanted(A));
  assert.ok(rig.world.operations.includes("create"));
});

Deno.test("a proxy that nobody gave a face has its name and an icon, without which Coder changes nothing", async () => {
  await using rig = await rigged();
  await look(rig.world, wanted(A));
  assert.deepEqual([rig.proxy().display_name, rig.proxy().icon_url], ["paris", DEFAULT_ICON]);
});

Deno.test("a look at a proxy that is well costs one request and changes nothing", async () => {
  await using rig = await registered();
  const since = performance.now();
  await look(rig.world, wanted(A), { memory: rig.memory });
  assert.equal(rig.coder.fake.count({ since }), 1);
  assert.deepEqual(rig.world.operations, ["readToken", "coder", "list"]);
});

Deno.test("the token is asked about when a process first sees it, when the proxy is not well, and now and then", async () => {
  await using rig = await registered();
  const checks = async (memory: RegistrationMemory, now?: Date) => {
    rig.world.operations.length = 0;
    await look(rig.world, wanted(A), { memory, ...(now !== undefined && { now: () => now }) });
    return rig.world.operations.filter((operation) => operation === "checkToken").length;
  };
  assert.equal(await checks({}), 1);
  assert.equal(await checks(rig.memory), 0);
  assert.equal(await checks(rig.memory, new Date("2026-01-01T01:00:00Z")), 1);
  rig.proxy().status = "unreachable";
  assert.equal(await checks(rig.memory), 1);
});

Deno.test("a token that is missing is made anew, once, for the same proxy", async () => {
  await using rig = await registered();
  rig.world.secret = { state: "missing" };
  await look(rig.world, wanted(A), { memory: rig.memory });
  assert.notEqual(rig.proxy().token, rig.token);
  assert.equal(rig.held(), rig.proxy().token);
  assert.deepEqual(rig.world.told(), ["TokenRegenerated"]);
  assert.equal(rig.world.operations.filter((operation) => operation === "update").length, 1);
});

Deno.test("a Secret that cannot be read changes nothing in Coder", async () => {
  await using rig = await registered();
  const since = performance.now();
  rig.world.hook = (operation) => {
    if (operation === "readToken") throw new Error("the API server is away");
  };
  await assert.rejects(look(rig.world, wanted(A), { memory: rig.memory }), /is away/);
  assert.equal(rig.coder.fake.count({ since }), 0);
  assert.equal(rig.proxy().token, rig.token);
});

Deno.test("a token that Coder refuses is made anew", async () => {
  await using rig = await registered();
  rig.proxy().token = `${rig.proxy().id}:${"0".repeat(64)}`;
  rig.proxy().status = "unreachable";
  await look(rig.world, wanted(A), { memory: rig.memory });
  assert.equal(rig.held(), rig.proxy().token);
  assert.deepEqual(rig.world.told(), ["TokenRegenerated"]);
});

Deno.test("nothing that goes wrong while the token is asked about makes a new one", async () => {
  await using rig = await registered();
  const route = `${PATHS}/me/crypto-keys`;
  const kinds = [];
  for (
    const action of [
      htmlPage(401, "Unauthorized"),
      { do: "answer", reply: refuse(500, "An internal server error occurred.") } as const,
      { do: "answer", reply: refuse(429, "slow", { headers: { "Retry-After": "0" } }) } as const,
    ]
  ) {
    rig.coder.fake.faults.add({ route, action });
    kinds.push(await kindOf(look(rig.world, wanted(A))));
  }
  assert.deepEqual(kinds, ["unavailable", "unavailable", "rateLimited"]);
  assert.equal(rig.proxy().token, rig.token);
  assert.equal(rig.held(), rig.token);
});

Deno.test("a Coder that cannot be asked about tokens gets no wrong ideas", async () => {
  await using rig = await registered();
  rig.coder.fake.faults.add({
    route: `${PATHS}/me/crypto-keys`,
    action: { do: "answer", reply: refuse(404, "Route not found.") },
  });
  const settled = await look(rig.world, wanted(A));
  assert.equal(settled.confirmed, false);
  assert.equal(rig.proxy().token, rig.token);
});

Deno.test("a Secret with the token of another proxy gets that of its own", async () => {
  await using rig = await registered();
  rig.world.secret = { state: "held", token: `${crypto.randomUUID()}:${"0".repeat(64)}` };
  await look(rig.world, wanted(A), { memory: rig.memory });
  assert.equal(rig.held(), rig.proxy().token);
  rig.world.secret = { state: "held", token: "nonsense" };
  await look(rig.world, wanted(A), { memory: rig.memory });
  assert.equal(rig.held(), rig.proxy().token);
});

Deno.test("a Secret of somebody else is left alone, and Coder is not asked for anything", async () => {
  await using rig = await rigged();
  rig.world.secret = { state: "foreign", message: "it is theirs" };
  assert.equal(await reasonOf(look(rig.world, wanted(A))), "SecretForeign");
  assert.deepEqual(rig.world.operations, ["readToken"]);
});

Deno.test("what the Go operator registered is taken over as it is", async () => {
  await using rig = await rigged();
  const { proxy, proxyToken } = await rig.coder.client.workspaceProxies.create({
    name: "paris",
    displayName: "",
    icon: "",
  });
  rig.world.record = { registered: true };
  rig.world.secret = { state: "held", token: proxyToken };
  const since = performance.now();
  await look(rig.world, wanted(A));
  assert.deepEqual(rig.world.record.registration, { id: proxy.id, name: "paris", ...place(A) });
  assert.equal(rig.proxy().token, proxyToken);
  for (const method of ["POST", "PATCH", "DELETE"]) assert.equal(rig.coder.fake.count({ method, since }), 0);
});

Deno.test("a proxy of the Go operator keeps its registration also where its name has changed since", async () => {
  await using rig = await rigged();
  const face = { name: "old", displayName: "Old", icon: "/old.png" };
  const { proxy, proxyToken } = await rig.coder.client.workspaceProxies.create(face);
  rig.world.record = { registered: true };
  rig.world.secret = { state: "held", token: proxyToken };
  await look(rig.world, wanted(A));
  assert.deepEqual([rig.proxy().id, rig.proxy().name, rig.proxy().token], [proxy.id, "paris", proxyToken]);
});

Deno.test("a proxy of the Go operator whose Secret is gone gets a new token under the same registration", async () => {
  await using rig = await rigged();
  const face = { name: "paris", displayName: "", icon: "" };
  const { proxy, proxyToken } = await rig.coder.client.workspaceProxies.create(face);
  rig.world.record = { registered: true };
  await look(rig.world, wanted(A));
  assert.equal(rig.proxy().id, proxy.id);
  assert.notEqual(rig.held(), proxyToken);
  assert.equal(rig.held(), rig.proxy().token);
});

Deno.test("a crash of the Go operator before its status was written loses no token", async () => {
  await using rig = await rigged();
  const face = { name: "paris", displayName: "", icon: "" };
  const { proxyToken } = await rig.coder.client.workspaceProxies.create(face);
  rig.world.secret = { state: "held", token: proxyToken };
  await look(rig.world, wanted(A));
  assert.equal(rig.proxy().token, proxyToken);
});

Deno.test("a lost answer to the registration leaves one proxy, which is found again by its mark", async () => {
  await using rig = await rigged();
  rig.coder.fake.faults.add({ method: "POST", route: PATHS, action: { do: "loseAnswer" } });
  assert.equal(await kindOf(look(rig.world, wanted(A))), "unavailable");
  const { id } = rig.proxy();
  assert.ok(rig.world.record.registrationIntent !== undefined);
  await look(rig.world, wanted(A));
  assert.equal(rig.proxy().id, id);
  assert.equal(rig.held(), rig.proxy().token);
  assert.doesNotMatch(rig.proxy().icon_url, /coder-k8s/);
});

Deno.test("a registration that was begun is ended under its name, and renamed then", async () => {
  await using rig = await rigged();
  rig.coder.fake.faults.add({ method: "POST", route: PATHS, action: { do: "dropRequest" } });
  await kindOf(look(rig.world, wanted(A)));
  rig.world.hook = (operation, phase, details) => {
    if (operation === "create" && phase === "before") assert.match(JSON.stringify(details), /"name":"paris"/);
  };
  await look(rig.world, wanted(A, { name: "lyon" }));
  assert.equal(rig.proxy().name, "lyon");
  assert.equal(rig.world.record.registration?.name, "lyon");
});

Deno.test("a token that could not be stored is stored by the same process, without a new one", async () => {
  await using rig = await rigged();
  const memory: RegistrationMemory = {};
  let away = true;
  rig.world.hook = (operation, phase) => {
    if (operation === "writeToken" && phase === "before" && away) throw new Error("the API server is away");
  };
  await assert.rejects(look(rig.world, wanted(A), { memory }), /is away/);
  const { token } = rig.proxy();
  away = false;
  await look(rig.world, wanted(A), { memory });
  assert.equal(rig.held(), token);
  assert.equal(rig.proxy().token, token);
  assert.equal(memory.made, undefined);
});

Deno.test("a token that went with its process is made anew by the next one", async () => {
  await using rig = await rigged();
  rig.world.hook = (operation) => {
    if (operation === "writeToken") throw new Error("crashed");
  };
  await assert.rejects(look(rig.world, wanted(A)), /crashed/);
  rig.world.hook = () => {};
  await look(rig.world, wanted(A));
  assert.equal(rig.held(), rig.proxy().token);
});

Deno.test("a lost answer to a new token is followed by another one", async () => {
  await using rig = await registered();
  rig.world.secret = { state: "missing" };
  rig.coder.fake.faults.add({ method: "PATCH", action: { do: "loseAnswer" } });
  assert.equal(await kindOf(look(rig.world, wanted(A), { memory: rig.memory })), "unavailable");
  await look(rig.world, wanted(A), { memory: rig.memory });
  assert.equal(rig.held(), rig.proxy().token);
});

Deno.test("a proxy that somebody else registered is not touched", async () => {
  await using rig = await rigged();
  const face = { name: "Paris", displayName: "Theirs", icon: "/theirs.png" };
  const { proxyToken } = await rig.coder.client.workspaceProxies.create(face);
  const before = structuredClone(rig.proxy());
  await assert.rejects(look(rig.world, wanted(A)), /coder\.com\/adopt-proxy=paris/);
  assert.equal(await reasonOf(look(rig.world, wanted(A))), "NameTaken");
  assert.deepEqual(rig.proxy(), before);
  assert.deepEqual(rig.world.record, {});
  assert.equal(rig.proxy().token, proxyToken);
});

Deno.test("with the user's word it is taken over, with a new token", async () => {
  await using rig = await rigged();
  const face = { name: "paris", displayName: "Theirs", icon: "/theirs.png" };
  const { proxy, proxyToken } = await rig.coder.client.workspaceProxies.create(face);
  await look(rig.world, wanted(A, { adopt: true, displayName: "Ours" }));
  assert.equal(rig.proxy().id, proxy.id);
  assert.notEqual(rig.proxy().token, proxyToken);
  assert.deepEqual([rig.proxy().display_name, rig.proxy().icon_url], ["Ours", "/theirs.png"]);
});

Deno.test("a name that is taken at the very moment of the registration ends in a clear refusal", async () => {
  await using rig = await rigged();
  rig.world.hook = (operation, phase) => {
    if (operation !== "create" || phase !== "before") return;
    rig.world.hook = () => {};
    rig.coder.fake.state.proxies.push({
      id: crypto.randomUUID(),
      name: "paris",
      display_name: "",
      icon_url: "",
      deleted: false,
      created_at: "2026-01-01T00:00:00Z",
      updated_at: "2026-01-01T00:00:00Z",
      status: "ok",
      token: "",
    });
  };
  assert.equal(await reasonOf(look(rig.world, wanted(A))), "NameTaken");
  assert.deepEqual(rig.world.record, {});
});

Deno.test("Coder's own name is no name for a proxy", async () => {
  await using rig = await rigged();
  assert.equal(await reasonOf(look(rig.world, wanted(A, { name: "Primary", adopt: true }))), "NameReserved");
  assert.deepEqual(rig.world.operations, ["readToken"]);
});

Deno.test("a proxy that was deleted in Coder is registered anew", async () => {
  await using rig = await registered();
  const { id } = rig.proxy();
  rig.proxy().deleted = true;
  await look(rig.world, wanted(A), { memory: rig.memory });
  assert.notEqual(rig.proxy().id, id);
  assert.equal(rig.held(), rig.proxy().token);
  assert.deepEqual(rig.world.told(), ["RegistrationLost", "Registered"]);
});

Deno.test("a proxy that Coder hides is not taken for one that is gone", async () => {
  await using rig = await registered();
  const calls = proxyCalls(rig.coder.client);
  const [primary] = await calls.list({ fresh: true });
  rig.world.ways.set(A, { way: "open", calls: { ...calls, list: () => Promise.resolve([primary!]) } });
  assert.equal(await reasonOf(look(rig.world, wanted(A), { memory: rig.memory })), "NotVisible");
  assert.equal(rig.world.record.registration?.id, rig.proxy().id);
  assert.equal(rig.proxy().token, rig.token);
});

Deno.test("the name, display name and icon in Coder follow the spec, and what somebody changed there", async () => {
  await using rig = await registered({ displayName: "Paris", icon: "/a.png" });
  Object.assign(rig.proxy(), { name: "hand", display_name: "By hand", icon_url: "/hand.png" });
  await look(rig.world, wanted(A, { displayName: "Paris 2", icon: "/b.png" }), { memory: rig.memory });
  const { name, display_name, icon_url, token } = rig.proxy();
  assert.deepEqual([name, display_name, icon_url, token], ["paris", "Paris 2", "/b.png", rig.token]);
});

Deno.test("what the spec leaves out stays as Coder has it", async () => {
  await using rig = await registered({ displayName: "Paris", icon: "/a.png" });
  Object.assign(rig.proxy(), { display_name: "By hand", icon_url: "/hand.png" });
  await look(rig.world, wanted(A), { memory: rig.memory });
  assert.deepEqual([rig.proxy().display_name, rig.proxy().icon_url], ["By hand", "/hand.png"]);
  await look(rig.world, wanted(A, { name: "lyon" }), { memory: rig.memory });
  assert.deepEqual([rig.proxy().display_name, rig.proxy().icon_url], ["By hand", "/hand.png"]);
});

Deno.test("a proxy that somebody renames by hand all the time does not keep Coder busy", async () => {
  await using rig = await registered();
  rig.world.hook = (operation, phase) => {
    if (operation === "update" && phase === "after") rig.proxy().name = "hand";
  };
  rig.proxy().name = "hand";
  const calls = proxyCalls(rig.coder.client);
  const update: typeof calls.update = async (id, face, options) => {
    const answer = await calls.update(id, face, options);
    return { ...answer, proxy: { ...answer.proxy, name: "hand" } };
  };
  rig.world.ways.set(A, { way: "open", calls: { ...calls, update } });
  assert.equal(await reasonOf(look(rig.world, wanted(A), { memory: rig.memory })), "Unsettled");
  assert.equal(rig.world.operations.filter((operation) => operation === "update").length, 2);
});

Deno.test("other credentials for the same Coder are put on record, and change nothing else", async () => {
  await using rig = await registered();
  const other = place(A, { tokenSecretRef: { name: "other", key: "token" } });
  await look(rig.world, wanted(A, { place: other }), { memory: rig.memory });
  assert.deepEqual(rig.world.record.registration, { id: rig.proxy().id, name: "paris", ...other });
  assert.equal(rig.proxy().token, rig.token);
  assert.deepEqual(rig.world.told(), []);
});

Deno.test("another address of the same Coder is put on record, and changes nothing else", async () => {
  await using rig = await registered();
  rig.world.ways.set("http://a2", { way: "open", calls: proxyCalls(rig.coder.client) });
  await look(rig.world, wanted("http://a2"), { memory: rig.memory });
  assert.equal(rig.world.record.registration?.coderURL, "http://a2");
  assert.equal(rig.proxy().token, rig.token);
});

Deno.test("at another Coder it is registered first, and removed from the old one when no pod uses that any more", async () => {
  await using rig = await registered();
  await using there = await rigged();
  rig.world.ways.set("http://b", { way: "open", calls: proxyCalls(there.coder.client) });
  const move = (rolledOut: boolean) => look(rig.world, wanted("http://b"), { memory: rig.memory, rolledOut });
  await move(false);
  assert.equal(rig.held(), there.proxy().token);
  assert.equal(rig.proxy().deleted, false);
  const { registration, formerRegistrations } = rig.world.record;
  assert.equal(registration?.coderURL, "http://b");
  assert.deepEqual(formerRegistrations?.map(({ id, coderURL }) => [id, coderURL]), [[rig.proxy().id, A]]);
  await move(true);
  assert.equal(rig.coder.fake.state.proxies.every(({ deleted }) => deleted), true);
  assert.equal(rig.world.record.formerRegistrations, undefined);
  assert.deepEqual(rig.world.told(), ["Registered", "RegistrationRemoved"]);
});

Deno.test("a registration that cannot be removed yet holds nothing up", async () => {
  await using rig = await registered();
  await using there = await rigged();
  rig.world.ways.set("http://b", { way: "open", calls: proxyCalls(there.coder.client) });
  rig.world.ways.set(A, { way: "closed", reason: "WaitingForCoder", message: "it sleeps" });
  const { leftovers, proxy } = await look(rig.world, wanted("http://b"), { memory: rig.memory });
  assert.equal(proxy?.id, there.proxy().id);
  assert.deepEqual(leftovers.map(({ end, message }) => [end, message]), [["failed", "it sleeps"]]);
  assert.equal(rig.world.record.formerRegistrations?.length, 1);
});

Deno.test("a registration that was begun elsewhere is removed there by its mark", async () => {
  await using rig = await rigged();
  await using there = await rigged();
  rig.world.ways.set("http://b", { way: "open", calls: proxyCalls(there.coder.client) });
  rig.coder.fake.faults.add({ method: "POST", route: PATHS, action: { do: "loseAnswer" } });
  await kindOf(look(rig.world, wanted(A)));
  const first = await look(rig.world, wanted("http://b"));
  assert.deepEqual(first.leftovers, []);
  assert.equal(rig.coder.fake.state.proxies.every(({ deleted }) => deleted), true);
  assert.equal(rig.held(), there.proxy().token);
});

Deno.test("a registration that was begun elsewhere is not taken for one of the same name here", async () => {
  await using rig = await rigged();
  await using there = await rigged();
  rig.world.ways.set("http://b", { way: "open", calls: proxyCalls(there.coder.client) });
  let away = true;
  rig.world.hook = (operation, phase) => {
    if (operation === "writeToken" && phase === "before" && away) throw new Error("the API server is away");
  };
  await assert.rejects(look(rig.world, wanted(A)), /is away/);
  await assert.rejects(look(rig.world, wanted("http://b")), /is away/);
  const { id } = rig.proxy();
  away = false;
  await look(rig.world, wanted(A));
  assert.equal(rig.proxy().id, id);
  assert.equal(rig.held(), rig.proxy().token);
  assert.equal(there.coder.fake.state.proxies.every(({ deleted }) => deleted), true);
  assert.equal(rig.world.record.formerRegistrations, undefined);
});

Deno.test("without a wish for a registration there is none in the end", async () => {
  await using rig = await registered();
  rig.world.secret = { state: "missing" };
  const early = await look(rig.world, undefined, { memory: rig.memory, rolledOut: false });
  assert.equal(early.proxy, undefined);
  assert.equal(rig.proxy().deleted, false);
  await look(rig.world, undefined, { memory: rig.memory });
  assert.deepEqual(rig.world.record, {});
  assert.equal(rig.coder.fake.state.proxies.every(({ deleted }) => deleted), true);
});

Deno.test("a registration whose token the user goes on to use is the user's", async () => {
  await using rig = await registered();
  await look(rig.world, undefined, { memory: rig.memory });
  assert.deepEqual(rig.world.record, {});
  assert.equal(rig.proxy().token, rig.token);
});

Deno.test("a token that was made for nothing is written nowhere", async () => {
  await using rig = await rigged();
  const memory: RegistrationMemory = { made: "a:b" };
  await look(rig.world, undefined, { memory });
  assert.equal(memory.made, undefined);
  assert.deepEqual(rig.world.operations, ["readToken"]);
});

Deno.test("a shared list is good for looking, and a fresh one is asked for before anything changes", async () => {
  await using rig = await registered({ displayName: "Paris" });
  const fresh: boolean[] = [];
  rig.world.hook = (operation, phase, details) => {
    if (operation === "list" && phase === "before") fresh.push((details as { fresh: boolean }).fresh);
  };
  await look(rig.world, wanted(A, { displayName: "Paris" }), { memory: rig.memory });
  await look(rig.world, wanted(A, { displayName: "Paris 2" }), { memory: rig.memory });
  assert.deepEqual(fresh, [false, false, true]);
});

Deno.test("a change that Coder answers without a token is no success", async () => {
  await using rig = await registered();
  rig.world.secret = { state: "missing" };
  const calls = proxyCalls(rig.coder.client);
  const update: typeof calls.update = async (id, face, options) => ({
    ...await calls.update(id, { ...face, regenerateToken: false }, options),
    proxyToken: undefined,
  });
  rig.world.ways.set(A, { way: "open", calls: { ...calls, update } });
  assert.equal(await reasonOf(look(rig.world, wanted(A), { memory: rig.memory })), "NoToken");
  assert.equal(rig.world.secret.state, "missing");
});

Deno.test("while there is no way to Coder, it says why", async () => {
  const world = new FakeWorld();
  assert.equal(await reasonOf(look(world, wanted(A))), "ControlPlaneMissing");
  world.ways.set(A, { way: "closed", reason: "CredentialsMissing", message: "no token" });
  assert.equal(await reasonOf(look(world, wanted(A))), "CredentialsMissing");
});

Deno.test("nothing is registered for a resource that is being deleted", async () => {
  await using rig = await rigged();
  rig.world.isDeleting = true;
  assert.equal(await reasonOf(look(rig.world, wanted(A))), "Deleting");
  assert.equal(rig.coder.fake.state.proxies.length, 0);
});

Deno.test("an intent that a cache still shows is not carried out twice", async () => {
  await using rig = await registered();
  const stale = { registrationIntent: { name: "begun", since: "2025-12-31T00:00:00Z", ...place(A) } };
  const input = { uid: UID, wanted: wanted(A), record: stale, rolledOut: true, memory: {} };
  const options = { signal: new AbortController().signal, now: () => new Date() };
  const { record } = await settle(input, rig.world, options);
  assert.equal(record.registration?.id, rig.proxy().id);
  assert.equal(rig.held(), rig.token);
});

Deno.test("a second proxy with our mark is found and removed", async () => {
  await using rig = await registered();
  await rig.coder.client.workspaceProxies.create({
    name: "stray",
    displayName: "",
    icon: `/a.png#coder-k8s-${UID}`,
  });
  await look(rig.world, wanted(A), { memory: rig.memory, rolledOut: false });
  assert.deepEqual(rig.world.record.formerRegistrations?.map(({ name }) => name), ["stray"]);
  await look(rig.world, wanted(A), { memory: rig.memory });
  assert.equal(rig.proxy().name, "paris");
  assert.equal(rig.held(), rig.token);
});
