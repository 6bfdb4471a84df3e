import assert from "node:assert/strict";
import { backendOf, backendsOf, callerOf, clusterOf, startTokenRig } from "../../../tests/mcp/coder_rig.ts";
import { CoderConnectionError } from "../../coder/mod.ts";
import { TokenError } from "../../inventory/mod.ts";
import { KubeConnectionError } from "../../kube/errors.ts";
import type { AccessRequest } from "../../kube/reviews.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { ToolError, type ToolErrorCode } from "../errors.ts";
import { backendCoders, type BackendCodersOptions, changesAs } from "./backend_coders.ts";

const NEED: AccessRequest = {
  verb: "get",
  group: "aggregation.coder.com",
  version: "v1alpha1",
  resource: "coderworkspaces",
  name: "acme.ann.dev",
};
const LAB = { namespace: "lab" };
const signal = () => AbortSignal.timeout(60_000);
const everything = () => true;

/** Coders for `ann`, whom the cluster allows what `allows` says. */
async function rig(
  { allows = everything, ...options }: Partial<BackendCodersOptions> & {
    readonly allows?: (request: AccessRequest) => boolean;
  } = {},
) {
  const tokens = await startTokenRig();
  const { cluster, asked } = clusterOf(allows);
  const make = backendCoders({
    backends: backendsOf(tokens.backend),
    tokens: tokens.tokens,
    clock: new FakeClock(),
    ...options,
  });
  return { ...tokens, cluster, asked, make, coders: make(callerOf("ann"), cluster) };
}

async function refused(call: Promise<unknown>): Promise<{ code: ToolErrorCode; message: string }> {
  const error = await call.then(() => undefined, (error) => error);
  assert.ok(error instanceof ToolError, String(error));
  return error;
}

Deno.test("a caller whom Coder knows calls it as themselves, whatever Kubernetes lets them do there", async () => {
  await using one = await rig({ allows: ({ verb }) => verb === "list" });
  const ann = one.addUser("ann");
  const session = await one.coders.open(LAB, NEED, signal());
  assert.deepEqual([session.as, session.user, session.ref], ["caller", "ann", {
    id: "lab/acme",
    namespace: "lab",
    controlPlane: "acme",
  }]);
  assert.equal((await session.client.users.me()).id, ann.id);
  // What Coder allows them is asked of Coder alone.
  assert.deepEqual(one.asked.map(({ verb }) => verb), ["list"]);
});

Deno.test("a caller whom Coder does not know calls it with the operator's access, after a review of what they need", async () => {
  await using one = await rig();
  const session = await one.coders.open(LAB, NEED, signal());
  assert.deepEqual([session.as, session.user], ["operator", undefined]);
  assert.equal((await session.client.users.me()).username, "admin");
  assert.deepEqual(one.asked.at(-1), { ...NEED, namespace: "lab" });
});

Deno.test("without the right to what they need nobody gets the operator's access", async () => {
  await using one = await rig({ allows: ({ verb }) => verb === "list" });
  const { code, message } = await refused(one.coders.open(LAB, NEED, signal()));
  assert.equal(code, "forbidden");
  assert.equal(
    message,
    'User "ann" cannot get resource "coderworkspaces" in API group "aggregation.coder.com" in the namespace "lab"',
  );
});

Deno.test("what is asked about is the namespace of the Coder, whatever else the request says", async () => {
  await using one = await rig({
    allows: (request) => request.verb === "list" || "namespace" in request && request.namespace === "mine",
  });
  await refused(one.coders.open(LAB, { ...NEED, namespace: "mine" }, signal()));
});

Deno.test("a terminal is opened as the caller, and never with the operator's access", async () => {
  await using one = await rig();
  const { code, message } = await refused(one.coders.open({ ...LAB, as: "caller" }, NEED, signal()));
  assert.equal(code, "forbidden");
  assert.match(
    message,
    /as your own Coder user alone, and you are none in lab\/acme: Coder has no user named "ann"/,
  );
  one.addUser("ann");
  await one.clock.advance(30_000);
  assert.equal((await one.coders.open({ ...LAB, as: "caller" }, NEED, signal())).as, "caller");
});

Deno.test("with the operator's access it is done where that is asked for, and no token is made", async () => {
  await using one = await rig();
  one.addUser("ann");
  assert.equal((await one.coders.open({ ...LAB, as: "operator" }, NEED, signal())).as, "operator");
  assert.equal(one.count("minted"), 0);
});

Deno.test("for a suspended user nothing is done, with nobody's access", async () => {
  await using one = await rig();
  one.addUser("ann", { status: "suspended" });
  const { code, message } = await refused(one.coders.open(LAB, NEED, signal()));
  assert.deepEqual([code, message], ["forbidden", "the Coder user ann is suspended"]);
});

Deno.test("where a namespace has several Coders, the choices are named", async () => {
  const open = () => Promise.reject(new Error("not asked"));
  await using one = await rig({
    backends: backendsOf(backendOf("lab/acme", open), backendOf("lab/zoo", open)),
  });
  const { code, message } = await refused(one.coders.open(LAB, NEED, signal()));
  assert.deepEqual([code, message], [
    "invalid",
    "namespace lab has several Coders: give controlPlane, one of acme, zoo",
  ]);
  const other = await refused(one.coders.open({ ...LAB, controlPlane: "no" }, NEED, signal()));
  assert.equal(other.code, "not_found");
  assert.match(other.message, /no Coder of a control plane "no" is known in namespace lab: it has acme, zoo/);
  const none = await refused(one.coders.open({ namespace: "other" }, NEED, signal()));
  assert.deepEqual([none.code, none.message], ["not_found", "no Coder is known in namespace other"]);
});

Deno.test("one of several is chosen by its control plane", async () => {
  await using one = await startTokenRig();
  const { cluster } = clusterOf(everything);
  const open = () => Promise.resolve(one.client);
  const coders = backendCoders({
    backends: backendsOf(backendOf("lab/acme", open), backendOf("lab/zoo", open)),
    tokens: one.tokens,
  })(callerOf("ann"), cluster);
  assert.equal((await coders.open({ ...LAB, controlPlane: "zoo" }, NEED, signal())).ref.id, "lab/zoo");
});

Deno.test("who may not know of a Coder is not told whether it is there", async () => {
  await using one = await rig({ allows: () => false });
  one.addUser("ann");
  const there = await refused(one.coders.open(LAB, NEED, signal()));
  const nowhere = await refused(one.coders.open({ namespace: "nowhere" }, NEED, signal()));
  assert.equal(there.code, "forbidden");
  assert.equal(there.message.replace('"lab"', '"nowhere"'), nowhere.message);
  assert.equal(one.count("minted"), 0);
  assert.deepEqual(await one.coders.list(undefined, signal()), []);
});

Deno.test("namespaces that are not served here are refused, whatever the caller may", async () => {
  await using one = await rig({ isServed: (namespace) => namespace === "mine" });
  assert.deepEqual(await one.coders.list(undefined, signal()), []);
  assert.deepEqual(await one.coders.list("lab", signal()), []);
  const { code, message } = await refused(one.coders.open(LAB, NEED, signal()));
  assert.deepEqual([code, message], ["forbidden", "namespace lab is not served here"]);
});

Deno.test("those are listed whose workspaces or control planes the caller may see, in order", async () => {
  const open = () => Promise.reject(new Error("not asked"));
  const backends = ["c/z", "a/y", "b/x", "a/b"].map((id) => backendOf(id, open));
  await using one = await rig({
    backends: backendsOf(...backends),
    allows: ({ verb, ...rest }) =>
      "namespace" in rest &&
      (rest.namespace === "a" ? verb === "list" : rest.namespace === "c" && verb === "get"),
  });
  const ids = async (namespace?: string) => (await one.coders.list(namespace, signal())).map(({ id }) => id);
  assert.deepEqual(await ids(), ["a/b", "a/y", "c/z"]);
  assert.deepEqual(await ids("a"), ["a/b", "a/y"]);
  assert.deepEqual(await ids("b"), []);
});

Deno.test("how people reach a Coder is told where it is known", async () => {
  const open = () => Promise.reject(new Error("not asked"));
  const state = () => ({});
  const copy = { addresses: { access: "https://coder.example.com", apps: "" }, state };
  const { controlPlane: _, ...flags } = backendOf("static", open, { namespace: "lab", copy });
  await using one = await rig({ backends: backendsOf(backendOf("lab/acme", open, { copy }), flags) });
  const url = "https://coder.example.com";
  assert.deepEqual(await one.coders.list("lab", signal()), [
    { id: url, namespace: "lab", url },
    { id: "lab/acme", namespace: "lab", controlPlane: "acme", url },
  ]);
});

Deno.test("a Coder that gives no answer is away within a second, and the next call has what the first began", async () => {
  await using one = await rig();
  one.addUser("ann");
  const gate = Promise.withResolvers<void>();
  one.fake.faults.add({ method: "POST", action: { do: "delay", until: gate.promise } });
  const begin = performance.now();
  const { code, message } = await refused(one.coders.open(LAB, NEED, signal()));
  assert.ok(performance.now() - begin < 15_000);
  assert.equal(code, "unavailable");
  assert.match(message, /the Coder of lab\/acme cannot be asked now: it does not answer in time: try again/);
  gate.resolve();
  assert.equal((await one.coders.open(LAB, NEED, signal())).as, "caller");
  assert.equal(one.count("minted"), 1);
});

Deno.test("a Coder that is known to be away, or not there yet, is not asked", async () => {
  await using one = await startTokenRig();
  const { cluster } = clusterOf(everything);
  const error = new CoderConnectionError("GET /api/v2/workspaces: connection refused", {
    kind: "unavailable",
    call: { method: "GET", route: "/" },
    maybeSent: false,
  });
  const away = {
    addresses: { access: "", apps: "" },
    state: () => ({ trouble: { error, failures: 1, since: 0 } }),
  };
  const open = () => Promise.reject(new Error("asked"));
  for (
    const [more, why] of [
      [{ copy: away }, /lab\/acme cannot be asked now: GET \/api\/v2\/workspaces: connection refused/],
      [{ waiting: "CoderControlPlane lab/acme has no address yet" }, /has no address yet/],
    ] as const
  ) {
    const backends = backendsOf(backendOf("lab/acme", open, more));
    const coders = backendCoders({ backends, tokens: one.tokens })(callerOf("ann"), cluster);
    const { code, message } = await refused(coders.open(LAB, NEED, signal()));
    assert.equal(code, "unavailable");
    assert.match(message, why);
  }
});

Deno.test("that there is no token for a Coder is told, and is no mistake of ours", async () => {
  const open = () =>
    Promise.reject(new TokenError("Secret lab/t, which should hold a token, does not exist"));
  await using one = await rig({ backends: backendsOf(backendOf("lab/acme", open)) });
  const { code, message } = await refused(one.coders.open(LAB, NEED, signal()));
  assert.equal(code, "unavailable");
  assert.match(message, /Secret lab\/t, which should hold a token, does not exist/);
});

Deno.test("where the API server cannot say what the caller may, nothing is done", async () => {
  await using one = await startTokenRig();
  one.addUser("ann");
  const may = () => Promise.reject(new KubeConnectionError("away", { method: "POST", path: "/" }));
  const coders = backendCoders({ backends: backendsOf(one.backend), tokens: one.tokens })(callerOf("ann"), {
    may,
  });
  assert.equal((await refused(coders.open(LAB, NEED, signal()))).code, "unavailable");
  const { code, message } = await refused(coders.list(undefined, signal()));
  assert.equal(code, "unavailable");
  assert.match(message, /^list Coders: /);
});

Deno.test("who does not want to wait any longer hears their own reason", async () => {
  await using one = await rig();
  const reason = new Error("enough");
  await assert.rejects(one.coders.open(LAB, NEED, AbortSignal.abort(reason)), reason);
});

Deno.test("changes of objects are made as the caller where Coder knows them, and otherwise as ever", async () => {
  await using one = await startTokenRig();
  one.addUser("ann");
  const as = (name: string) => changesAs(one.tokens, callerOf(name))(one.backend, signal());
  assert.equal((await (await as("ann"))?.users.me())?.username, "ann");
  assert.equal(await as("bob"), undefined);
});
