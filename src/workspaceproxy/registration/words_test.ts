import assert from "node:assert/strict";
import { failure, startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import { RegistrationError } from "./error.ts";
import { liveProxy, place } from "./testing.ts";
import { failedState, healthState, observed, registeredState } from "./words.ts";

const registration = { id: "1", name: "paris", ...place("http://a") };
const settled = {
  proxy: liveProxy(),
  record: { registered: true, registration },
  confirmed: true,
  leftovers: [],
} as const;

Deno.test("a registration says where it is and whether its token is taken", () => {
  const state = registeredState(settled);
  assert.deepEqual([state.status, state.reason], ["True", "Registered"]);
  assert.match(state.message, /paris.*http:\/\/a.*takes its token/);
  const unsure = registeredState({ ...settled, confirmed: false });
  assert.deepEqual([unsure.status, unsure.reason], ["True", "NotConfirmed"]);
});

Deno.test("where the operator registers nothing, that is said", () => {
  const state = registeredState({ ...settled, proxy: undefined, record: {} });
  assert.deepEqual([state.status, state.reason], ["Unknown", "NotManaged"]);
});

Deno.test("registrations that are still to be removed are named", () => {
  const former = { id: "2", name: "old", since: "2026-01-01T00:00:00Z", ...place("http://b") };
  const leftovers = [{ former, end: "failed", reason: "CoderUnavailable", message: "it sleeps" }] as const;
  assert.match(
    registeredState({ ...settled, leftovers }).message,
    /removed: old at http:\/\/b \(it sleeps\)/,
  );
});

Deno.test("a failure of Coder leaves what was registered registered, a refusal of ours does not", async () => {
  await using rig = await startClientRig();
  const error = await failure(rig.client.workspaceProxies.list());
  assert.deepEqual(failedState(error, false).reason, "NotEntitled");
  assert.deepEqual([failedState(error, true).status, failedState(error, true).reason], [
    "True",
    "NotConfirmed",
  ]);
  rig.fake.settings.edition = "agpl";
  const unsupported = await failure(rig.client.workspaceProxies.list());
  assert.equal(failedState(unsupported, false).reason, "NotSupported");
  const ours = new RegistrationError("NameTaken", "taken", "later");
  assert.deepEqual(failedState(ours, true), { status: "False", reason: "NameTaken", message: "taken" });
  assert.deepEqual(failedState("odd", false), { status: "False", reason: "Failed", message: "odd" });
});

Deno.test("every health that Coder knows has its own reason", () => {
  const of = (status: string | null) => {
    const report = { errors: ["no route"], warnings: ["old version"] };
    return healthState(liveProxy({ status: status === null ? null : { status, report } }));
  };
  const seen = ["ok", "unregistered", "unreachable", "unhealthy", "unknown", null].map((status) => {
    const { status: value, reason } = of(status);
    return `${value} ${reason}`;
  });
  assert.deepEqual(seen, [
    "True Healthy",
    "False WaitingForProxy",
    "False Unreachable",
    "False Unhealthy",
    "Unknown HealthUnknown",
    "Unknown HealthUnknown",
  ]);
  assert.match(of("unreachable").message, /no route; old version/);
  assert.doesNotMatch(of("unregistered").message, /no route/);
});

Deno.test("the status says what Coder says, and zero values are left out", () => {
  assert.deepEqual(observed(liveProxy()), {
    health: "ok",
    version: "v2.30.0",
    accessURL: "https://paris.example.com",
    wildcardHostname: "*.paris.example.com",
  });
  const nothing = {
    health: undefined,
    version: undefined,
    accessURL: undefined,
    wildcardHostname: undefined,
  };
  const bare = liveProxy({ status: null, version: "", path_app_url: "", wildcard_hostname: "" });
  assert.deepEqual(observed(bare), nothing);
  assert.deepEqual(observed(undefined), nothing);
});
