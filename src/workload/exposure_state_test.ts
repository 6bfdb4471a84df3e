import assert from "node:assert/strict";
import type { HTTPRoute, RouteParentReference } from "../api/gateway.ts";
import type { Condition, Ingress } from "../api/kubernetes/types.ts";
import { type ExposureState, ingressState, type RouteFacts, routeState } from "./exposure_state.ts";

const CREATED = "2026-01-01T00:00:00Z";
const after = (seconds: number) => new Date(Date.parse(CREATED) + seconds * 1000);
const url = "https://coder.example.com";

const metadata = { name: "coder", namespace: "a", generation: 3, creationTimestamp: CREATED };
const verdict = ({ status, reason }: ExposureState) => `${status}/${reason}`;

function ingress(addresses?: object[]): Ingress {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata,
    ...(addresses && { status: { loadBalancer: { ingress: addresses } } }),
  };
}

Deno.test("an Ingress with an address is exposed, and says where", () => {
  const addresses = [{ ip: "203.0.113.7" }, { hostname: "lb.example.net" }];
  const state = ingressState(ingress(addresses), { url, now: after(9999) });
  assert.equal(verdict(state), "True/AddressAssigned");
  assert.equal(
    state.message,
    "https://coder.example.com is served by Ingress a/coder, which is at 203.0.113.7, lb.example.net",
  );
  assert.deepEqual([state.needsAction, state.lookAgainMs], [false, undefined]);
  assert.match(
    ingressState(ingress(addresses), { url: undefined, now: after(0) }).message,
    /^Coder is served/,
  );
  const named = ingressState(ingress(addresses), { noun: "the proxy", url: undefined, now: after(0) });
  assert.match(named.message, /^The proxy is served/);
});

Deno.test("an Ingress without an address is waited for during five minutes, then nobody knows", () => {
  for (const none of [undefined, [], [{ ip: "" }], [{ ports: [] }]]) {
    const young = ingressState(ingress(none), { url, now: after(60) });
    assert.equal(verdict(young), "False/WaitingForAddress");
    assert.equal(young.lookAgainMs, 240_000);
    const old = ingressState(ingress(none), { url, now: after(300) });
    assert.equal(verdict(old), "Unknown/AddressNotReported");
    assert.match(old.message, /https:\/\/coder\.example\.com answers.*kubectl get ingressclass/);
    assert.deepEqual([young.needsAction, old.needsAction, old.lookAgainMs], [false, false, undefined]);
  }
});

Deno.test("an Ingress that does not say how old it is counts as young", () => {
  const { creationTimestamp: _created, ...undated } = metadata;
  const state = ingressState({ ...ingress(), metadata: undated }, { url, now: after(9999) });
  assert.equal(verdict(state), "False/WaitingForAddress");
});

type Answer = {
  type?: string;
  status: "True" | "False" | "Unknown";
  generation?: number;
  reason?: string;
  message?: string;
};

function conditions(...answers: Answer[]): Condition[] {
  return answers.map(({ type = "Accepted", status, generation, reason = "Because", message = "words" }) => ({
    type,
    status,
    reason,
    message,
    lastTransitionTime: CREATED,
    ...(generation !== undefined && { observedGeneration: generation }),
  }));
}
const resolved = (status: "True" | "False", generation = 3): Answer => ({
  type: "ResolvedRefs",
  status,
  generation,
});

interface Parent {
  ref: RouteParentReference;
  /** One list for each controller. */
  answers?: Answer[][];
}

function route(parents: Parent[]): HTTPRoute {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata,
    spec: { parentRefs: parents.map(({ ref }) => ref) },
    status: {
      parents: parents.flatMap(({ ref, answers = [] }) =>
        answers.map((each, index) => ({
          parentRef: { group: "gateway.networking.k8s.io", kind: "Gateway", ...ref },
          controllerName: `example.com/${index}`,
          conditions: conditions(...each),
        }))
      ),
    },
  };
}

const facts = (more: Partial<RouteFacts> = {}): RouteFacts => ({
  url,
  now: after(60),
  exists: () => true,
  addresses: [],
  ...more,
});
const judged = (answers: Answer[][], more?: Partial<RouteFacts>) =>
  routeState(route([{ ref: { name: "edge" }, answers }]), facts(more));

Deno.test("a route that its Gateway has accepted is exposed", () => {
  const state = judged([[{ status: "True", generation: 3 }, resolved("True")]], {
    addresses: ["203.0.113.9"],
  });
  assert.equal(verdict(state), "True/RouteAccepted");
  assert.equal(
    state.message,
    "https://coder.example.com is served by HTTPRoute a/coder, accepted by Gateway a/edge, which is at 203.0.113.9",
  );
  assert.equal(verdict(judged([[{ status: "True" }]])), "True/RouteAccepted", "a controller of few words");
});

Deno.test("a refusal is told in the gateway's words, and needs somebody to act", () => {
  const state = judged([[{
    status: "False",
    generation: 3,
    reason: "NoMatchingListenerHostname",
    message: "m",
  }]]);
  assert.equal(verdict(state), "False/RouteNotAccepted");
  assert.equal(state.needsAction, true);
  assert.equal(
    state.message,
    "Gateway a/edge does not accept HTTPRoute a/coder: NoMatchingListenerHostname: m",
  );
  const silent = judged([[{ status: "False", generation: 3, reason: "NotAllowed", message: "" }]]);
  assert.match(silent.message, /coder: NotAllowed$/);
});

Deno.test("a Service that the gateway does not find is told apart", () => {
  const state = judged([[{ status: "True", generation: 3 }, {
    ...resolved("False"),
    reason: "BackendNotFound",
  }]]);
  assert.equal(verdict(state), "False/BackendNotResolved");
  assert.match(state.message, /Gateway a\/edge finds no way .* BackendNotFound: words/);
  assert.equal(state.needsAction, true);
});

Deno.test("what was said of an earlier generation does not count", () => {
  for (
    const old of [
      [{ status: "True", generation: 2 }, resolved("True", 2)],
      [{ status: "False", generation: 2 }],
      [{ status: "True", generation: 3 }, resolved("True", 2)],
      [{ status: "Unknown", generation: 3 }],
      [],
    ] satisfies Answer[][]
  ) {
    const state = judged([old]);
    assert.equal(verdict(state), "False/WaitingForGateway", JSON.stringify(old));
    assert.deepEqual([state.needsAction, state.lookAgainMs], [false, undefined]);
  }
  assert.match(judged([]).message, /No gateway controller has said yet whether Gateway a\/edge accepts/);
});

Deno.test("a yes of one controller is enough, whatever another says", () => {
  const yes: Answer[] = [{ status: "True", generation: 3 }, resolved("True")];
  assert.equal(verdict(judged([[{ status: "False", generation: 3 }], yes])), "True/RouteAccepted");
  assert.equal(verdict(judged([[], yes])), "True/RouteAccepted");
});

Deno.test("every parent must accept, and one that refuses is named", () => {
  const yes: Answer[][] = [[{ status: "True", generation: 3 }]];
  const no: Answer[][] = [[{ status: "False", generation: 3 }]];
  const two = (first: Answer[][], second: Answer[][]) =>
    routeState(
      route([
        { ref: { name: "edge", sectionName: "web" }, answers: first },
        { ref: { name: "edge", namespace: "net" }, answers: second },
      ]),
      facts(),
    );
  assert.match(two(yes, yes).message, /Gateway a\/edge \(listener web\) and Gateway net\/edge$/);
  assert.equal(verdict(two(yes, [])), "False/WaitingForGateway");
  assert.match(two(yes, no).message, /^Gateway net\/edge does not accept/);
  assert.equal(verdict(two(yes, no)), "False/RouteNotAccepted");
});

Deno.test("answers about other parents are not taken for answers about ours", () => {
  const object = route([{ ref: { name: "edge" }, answers: [[{ status: "True", generation: 3 }]] }]);
  for (const change of [{ sectionName: "web" }, { namespace: "net" }, { kind: "Service" }, { port: 80 }]) {
    const [parent] = object.status?.parents ?? [];
    assert.ok(parent);
    const other = {
      ...object,
      status: { parents: [{ ...parent, parentRef: { ...parent.parentRef, ...change } }] },
    };
    assert.equal(verdict(routeState(other, facts())), "False/WaitingForGateway", JSON.stringify(change));
  }
  const { status: _status, spec: _spec, ...bare } = object;
  assert.equal(verdict(routeState(bare, facts())), "False/WaitingForGateway");
});

Deno.test("a Gateway that is not there may come a little later; then somebody must act", () => {
  const missing = { exists: () => false };
  const early = judged([], { ...missing, now: after(10) });
  assert.deepEqual([verdict(early), early.lookAgainMs], ["False/WaitingForGateway", 20_000]);
  const late = judged([], { ...missing, now: after(30) });
  assert.deepEqual([verdict(late), late.needsAction], ["False/GatewayNotFound", true]);
  assert.match(late.message, /^Gateway a\/edge does not exist: create it/);
  assert.equal(verdict(judged([], { exists: () => undefined })), "False/WaitingForGateway", "not known");
  assert.equal(
    verdict(judged([[{ status: "True" }]], missing)),
    "True/RouteAccepted",
    "its controller knows better",
  );
});
