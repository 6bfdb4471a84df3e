import assert from "node:assert/strict";
import { expose, type ExposeSettings } from "../../api/control_plane_parts.ts";
import { Gateways, HTTPRoutes } from "../../api/gateway.ts";
import type { KubeObject } from "../../api/object.ts";
import { ForeignObjectError } from "../../kube/applier.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { FakeInformer, make } from "../../reconciler/testing/fakes.ts";
import { wantedExposure } from "../../workload/wanted_exposure.ts";
import { Report } from "../pass/report.ts";
import type { Tools } from "../pass/step.ts";
import { CHILD, EventLog, FakeApplier, KEY, widgetPass, type WidgetSays } from "../testing.ts";
import { exposureStep } from "./exposure_step.ts";

type Given = Parameters<ReturnType<typeof expose>["parse"]>[0];

const refusal = (code: number, reason = "", message = "no") =>
  new KubeApiError(code, reason, message, { method: "PATCH", path: "/x" });
const target = { ...CHILD, labels: {}, backend: { service: CHILD.name, port: 80 } };
const step = (given: Given) =>
  exposureStep(() => ({
    child: CHILD,
    noun: "the thing",
    internalURL: "http://inside:80",
    wanted: () => wantedExposure(read(given), target),
  }));
const read = (given: Given): ExposeSettings | undefined =>
  given === undefined ? undefined : expose().parse(given);
const ingress = { ingress: { host: "coder.example.com" } };
const gateway = { gateway: { host: "coder.example.com", parentRefs: [{ name: "edge" }] } };

/** Everything around the step. What is applied gets `live` put over it. */
class World {
  readonly httpRoutes = new FakeInformer(HTTPRoutes);
  readonly gateways = new FakeInformer(Gateways);
  readonly owned = new Set<string>();
  namespaces: string[] = [];
  live: Record<string, unknown> = {};
  refuse: unknown;
  done: string[] = [];
  events: string[] = [];
  report = new Report<WidgetSays>();
  abort = new AbortController();

  async run(given: Given) {
    this.report = new Report();
    const { report, abort: { signal }, httpRoutes, gateways, namespaces } = this;
    const events = new EventLog();
    const applier = new FakeApplier();
    const metadata = { ...CHILD, generation: 1, creationTimestamp: "2026-01-01T00:00:00Z" };
    Object.assign(applier, { refuse: this.refuse, live: { metadata, ...this.live }, owned: this.owned });
    this.done = applier.done;
    this.events = events.lines;
    const tools = {
      namespaces,
      kinds: { httpRoutes, gateways },
      redact: (text: string) => text.replaceAll("secret", "***"),
      now: () => new Date("2026-01-01T00:01:00Z"),
      events,
      applier,
    } as unknown as Tools;
    await step(given).run(widgetPass({ report, signal }), tools);
    const data = this.report.data();
    const exposed = data.conditions.find(({ type }) => type === "Exposed");
    return {
      ...data,
      exposed: exposed && `${exposed.status}/${exposed.reason}`,
      message: exposed?.message ?? "",
      troubles: data.troubles.map(({ reason }) => reason),
      warnings: data.warnings.map(({ reason }) => reason),
      lookAgainMs: this.report.lookAgainMs,
    };
  }
}

const accepted = (status: "True" | "False", message = "") => ({
  status: {
    parents: [{
      parentRef: { name: "edge" },
      controllerName: "c",
      conditions: [{
        type: "Accepted",
        status,
        reason: "Why",
        message,
        lastTransitionTime: "",
        observedGeneration: 1,
      }],
    }],
  },
});

Deno.test("without expose what is ours goes, and nothing is said but the internal address", async () => {
  const world = new World();
  world.owned.add("Ingress a/w-pods");
  const result = await world.run(undefined);
  assert.deepEqual(world.done, ["delete Ingress a/w-pods", "delete HTTPRoute a/w-pods"]);
  assert.deepEqual(world.events, ["Normal Deleted: Deleted Ingress w-pods"]);
  assert.deepEqual(result.absent, ["Exposed"]);
  assert.deepEqual(result.status, { internalURL: "http://inside:80", externalURL: undefined });
  assert.deepEqual([result.conditions, result.troubles, result.lookAgainMs], [[], [], undefined]);
});

Deno.test("an Ingress is made before the route goes, and a route before the Ingress", async () => {
  const world = new World();
  await world.run(ingress);
  assert.deepEqual(world.done, ["apply Ingress a/w-pods", "delete HTTPRoute a/w-pods"]);
  await world.run(gateway);
  assert.deepEqual(world.done, ["apply HTTPRoute a/w-pods", "delete Ingress a/w-pods"]);
});

Deno.test("an Ingress without an address is waited for, which is no trouble", async () => {
  const world = new World();
  const waiting = await world.run(ingress);
  assert.deepEqual([waiting.exposed, waiting.troubles], ["False/WaitingForAddress", []]);
  assert.equal(waiting.lookAgainMs, 240_000);
  assert.equal(waiting.status.externalURL, "http://coder.example.com");
  world.live = { status: { loadBalancer: { ingress: [{ ip: "203.0.113.7" }] } } };
  const exposed = await world.run(ingress);
  assert.deepEqual([exposed.exposed, exposed.lookAgainMs], ["True/AddressAssigned", undefined]);
});

Deno.test("without the Gateway API it is said what to install, and nothing is asked again", async () => {
  const world = new World();
  world.httpRoutes.exists = false;
  world.owned.add("Ingress a/w-pods");
  const missing = await world.run(gateway);
  assert.deepEqual([missing.exposed, missing.troubles], ["False/GatewayAPIMissing", ["GatewayAPIMissing"]]);
  assert.match(missing.message, /nothing leads to the thing from outside: install the Gateway API/);
  assert.deepEqual([missing.status.externalURL, missing.lookAgainMs], [undefined, undefined]);
  assert.deepEqual(world.done, ["delete Ingress a/w-pods"]);
});

Deno.test("a kind that goes this very moment is missing, and looked for again soon", async () => {
  for (const code of [404, 405]) {
    const world = new World();
    world.refuse = refusal(code);
    const result = await world.run(gateway);
    assert.deepEqual([result.exposed, result.lookAgainMs], ["False/GatewayAPIMissing", 2_000], `${code}`);
  }
});

Deno.test("an accepted route is exposed, a refused one is trouble, in words without secrets", async () => {
  const world = new World();
  world.gateways.put({
    ...make(Gateways, "edge", { namespace: "a" }),
    spec: { listeners: [{ name: "web", protocol: "HTTP", port: 80 }] },
    status: { addresses: [{ value: "203.0.113.9" }] },
  } as KubeObject);
  world.live = accepted("True");
  const good = await world.run(gateway);
  assert.deepEqual([good.exposed, good.status.externalURL], [
    "True/RouteAccepted",
    "http://coder.example.com",
  ]);
  assert.match(good.message, /203\.0\.113\.9$/);
  world.live = accepted("False", "the secret is wrong");
  const bad = await world.run(gateway);
  assert.deepEqual([bad.exposed, bad.troubles], ["False/RouteNotAccepted", ["RouteNotAccepted"]]);
  assert.match(bad.message, /Why: the \*\*\* is wrong/);
  assert.match(bad.conditions[0]?.message ?? "", /\*\*\*/);
});

Deno.test("a Gateway that is not seen is missing only where it would be seen", async () => {
  const world = new World();
  const elsewhere = { gateway: { ...gateway.gateway, parentRefs: [{ name: "edge", namespace: "net" }] } };
  const verdict = async (expose: typeof gateway) => (await world.run(expose)).exposed;
  assert.equal(await verdict(gateway), "False/GatewayNotFound");
  assert.equal(await verdict(elsewhere), "False/GatewayNotFound");
  world.namespaces = ["a"];
  assert.equal(await verdict(gateway), "False/GatewayNotFound");
  assert.equal(await verdict(elsewhere), "False/WaitingForGateway");
  world.namespaces = ["a", "net"];
  assert.equal(await verdict(elsewhere), "False/GatewayNotFound");
  for (const [field, value] of [["exists", false], ["hasSynced", false], ["trouble", "forbidden"]] as const) {
    Object.assign(world.gateways, { exists: true, hasSynced: true, trouble: "", [field]: value });
    assert.equal(await verdict(gateway), "False/WaitingForGateway", field);
  }
});

Deno.test("what is refused is trouble and not a failure, and is looked into again after a while", async () => {
  const foreign = new ForeignObjectError("not ours", "ingresses", KEY, "uncontrolled");
  const rows: [unknown, string, number][] = [
    [foreign, "ForeignObject", 60_000],
    [refusal(422), "Rejected", 60_000],
    [refusal(400, "", "admission webhook denied the secret"), "Rejected", 60_000],
    [refusal(403), "Forbidden", 60_000],
    [refusal(503), "APIUnavailable", 15_000],
    [new Error("odd"), "Failed", 15_000],
    [refusal(404), "Failed", 15_000],
  ];
  for (const [error, reason, lookAgainMs] of rows) {
    const world = new World();
    world.refuse = error;
    const result = await world.run(ingress);
    assert.deepEqual([result.exposed, result.troubles], [`False/${reason}`, [reason]]);
    assert.equal(result.lookAgainMs, lookAgainMs, reason);
    assert.equal(result.message.includes("secret"), false);
    assert.deepEqual(
      world.done,
      ["apply Ingress a/w-pods"],
      "the other way stays as long as this one is not there",
    );
  }
});

Deno.test("a lost race and an end of the pass are thrown", async () => {
  const world = new World();
  world.refuse = refusal(409, "Conflict");
  await assert.rejects(world.run(ingress), (error) => error === world.refuse);
  world.refuse = new Error("aborted");
  world.abort.abort(new Error("the pass ends"));
  await assert.rejects(world.run(ingress), /the pass ends/);
});

Deno.test("a spec that cannot be made waits for its change, and has no address outside", async () => {
  const world = new World();
  const result = await world.run({ gateway: { host: " ", parentRefs: [{ name: "edge" }] } });
  assert.deepEqual([result.exposed, result.troubles], ["False/InvalidSpec", ["InvalidSpec"]]);
  assert.deepEqual([result.lookAgainMs, world.done], [undefined, []]);
  assert.ok("externalURL" in result.status && result.status.externalURL === undefined);
});

Deno.test("odd hosts work and are warned of", async () => {
  const world = new World();
  const result = await world.run({ ingress: { host: "*.example.com", wildcardHost: "apps.example.com" } });
  assert.deepEqual(result.warnings, ["WildcardAsHost", "WildcardHostWithoutWildcard"]);
  assert.deepEqual([result.exposed, result.status.externalURL], ["False/WaitingForAddress", undefined]);
});
