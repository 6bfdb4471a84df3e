import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../../api/control_plane.ts";
import type { NetworkPolicy } from "../../../api/kubernetes/types.ts";
import type { CoderProvisioner } from "../../../api/provisioner.ts";
import type { AgentFacts, BuildFacts, DaemonFacts } from "../../coder_facts.ts";
import { egressOf } from "../../pods/egress.ts";
import { podView } from "../../pods/pod_view.ts";
import { isSelected } from "../../pods/selectors.ts";
import { ago, commands, factsOf, only, pod, quotes, unreadFacts } from "../../pods/testing.ts";
import { networkPolicyBlocks } from "./network_policy_blocks.ts";

const policy = (spec: NetworkPolicy["spec"], name = "closed"): NetworkPolicy => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, namespace: "lab" },
  spec: { podSelector: {}, policyTypes: ["Egress"], ...spec },
});
const agent = (more: Partial<AgentFacts>) =>
  ({ agents: [{ name: "main", status: "timeout", createdAt: ago(300), ...more }] }) as unknown as BuildFacts;
const POD = pod({ metadata: { labels: { app: "dev" } } });
const CLOSED = [policy({})];
const DNS = { ports: [{ port: 53, protocol: "UDP" }] };

Deno.test("an agent that never connected, in a pod that nothing lets out", () => {
  const found = only(networkPolicyBlocks, { pods: [POD], build: agent({}), networkPolicies: CLOSED });
  assert.equal(
    found.cause,
    "Pod lab/dev-0 runs and nothing in it reaches Coder: the network policy closed lets nothing out.",
  );
  assert.equal(found.confidence, "likely");
  assert.deepEqual(quotes(found), [
    `agent main in Coder at ${ago(300)}: status timeout, never connected`,
    "network policies in lab at 2026-11-22T08:00:00Z: closed: selects pod dev-0 for Egress",
  ]);
  assert.deepEqual(commands(found), [
    "kubectl -n lab describe networkpolicy closed",
    "kubectl -n lab logs dev-0 -c dev --tail=100",
  ]);
});

Deno.test("DNS that is not let out, and a way to Coder that is not", () => {
  const said = (...egress: object[]) =>
    only(networkPolicyBlocks, { pods: [POD], build: agent({}), networkPolicies: [policy({ egress })] });
  assert.match(said({ ports: [{ port: 443 }] }).cause, /does not let it ask DNS \(port 53\)\.$/);
  const noWay = said(DNS);
  assert.match(noWay.cause, /does not let it out to Coder \(port 80 or 443 or 8080 or 8443\)\.$/);
  assert.equal(noWay.confidence, "possible");
  const two = only(networkPolicyBlocks, {
    pods: [POD],
    build: agent({}),
    networkPolicies: [...CLOSED, policy({}, "b")],
  });
  assert.match(two.cause, /the network policies closed and b let nothing out\.$/);
});

Deno.test("what lets out DNS and any likely port blocks nothing that is known", () => {
  const found = (...egress: object[]) =>
    networkPolicyBlocks.find(
      factsOf({ pods: [POD], build: agent({}), networkPolicies: [policy({ egress })] }),
    );
  assert.deepEqual(found({}), []);
  assert.deepEqual(found(DNS, { ports: [{ port: 443 }] }), []);
  assert.deepEqual(found(DNS, { ports: [{ port: 8000, endPort: 9000 }] }), []);
  assert.deepEqual(found(DNS, { ports: [{ port: "https" }] }), []);
  const plane = { status: { externalURL: "https://coder.test:9443" } } as CoderControlPlane;
  const own = policy({ egress: [DNS, { ports: [{ port: 9443 }] }] });
  assert.deepEqual(
    networkPolicyBlocks.find(
      factsOf({ pods: [POD], build: agent({}), networkPolicies: [own], controlPlane: plane }),
    ),
    [],
  );
});

Deno.test("nothing is said of agents that have connected, that are young, or of pods that do not run", () => {
  const found = (build: BuildFacts, one = POD) =>
    networkPolicyBlocks.find(factsOf({ pods: [one], build, networkPolicies: CLOSED }));
  assert.deepEqual(found(agent({ status: "connected" })), []);
  assert.deepEqual(found(agent({ status: "timeout", firstConnectedAt: ago(200) })), []);
  assert.deepEqual(found(agent({ status: "connecting", createdAt: ago(20) })), []);
  assert.equal(found(agent({ status: "connecting" })).length, 1);
  assert.deepEqual(found(agent({}), pod({ metadata: { creationTimestamp: ago(20) } })), []);
  assert.deepEqual(found(agent({}), pod({ dev: { ready: false } })), []);
});

Deno.test("daemons of a provisioner that nobody has heard of", () => {
  const subject = { kind: "provisioner", namespace: "lab", name: "gpu" } as const;
  const provisioner = { metadata: { name: "gpu", namespace: "lab" }, spec: {} } as CoderProvisioner;
  const daemon = (status: string, name = "dev-0") => ({ name, status, tags: {} }) as unknown as DaemonFacts;
  const found = (...daemons: readonly DaemonFacts[]) =>
    networkPolicyBlocks.find(
      factsOf({ pods: [POD], daemons, provisioner, networkPolicies: CLOSED }, subject),
    );
  assert.match(found(daemon("idle", "other"))[0]!.evidence[0]!.quote, /none is called as a pod: dev-0/);
  assert.equal(found(daemon("offline"))[0]!.evidence[0]!.quote, "all are offline");
  assert.deepEqual(found(daemon("idle")), []);
  // A list without any may be one that is not shown.
  assert.deepEqual(found(), []);
  assert.deepEqual(
    networkPolicyBlocks.find(factsOf({ pods: [POD], provisioner, networkPolicies: CLOSED }, subject)),
    [],
  );
});

Deno.test("policies are about the pods that they select, for what they name", () => {
  const view = podView(POD);
  const names = (...policies: unknown[]) => egressOf(view, policies)?.policies;
  assert.equal(names(policy({ podSelector: { matchLabels: { app: "web" } } })), undefined);
  assert.equal(names(policy({ policyTypes: ["Ingress"] })), undefined);
  assert.equal(names({ ...policy({}), metadata: { name: "x", namespace: "other" } }), undefined);
  assert.deepEqual(names(policy({ podSelector: { matchLabels: { app: "dev" } } }), null, "odd"), ["closed"]);
  const untyped = { metadata: { name: "x", namespace: "lab" }, spec: { podSelector: {}, egress: [{}] } };
  assert.deepEqual(names(untyped), ["x"]);
});

Deno.test("selectors are read as the API server reads them", () => {
  const labels = { app: "dev", tier: "a" };
  const by = (operator: string, key: string, values?: string[]) =>
    isSelected({ matchExpressions: [{ key, operator, values }] }, labels);
  assert.deepEqual(
    [
      isSelected({}, labels),
      by("In", "tier", ["a"]),
      by("In", "zone", ["a"]),
      by("NotIn", "zone", ["a"]),
      by("NotIn", "tier", ["a"]),
    ],
    [true, true, false, true, false],
  );
  assert.deepEqual([by("Exists", "app"), by("DoesNotExist", "app"), by("Odd", "app")], [true, false, false]);
});

Deno.test("network-policy-blocks is silent where all is well and where nothing was read", () => {
  assert.deepEqual(networkPolicyBlocks.find(factsOf({ pods: [POD], networkPolicies: CLOSED })), []);
  assert.deepEqual(networkPolicyBlocks.find(factsOf({ pods: [POD], build: agent({}) })), []);
  assert.deepEqual(networkPolicyBlocks.find(unreadFacts(networkPolicyBlocks)), []);
});
