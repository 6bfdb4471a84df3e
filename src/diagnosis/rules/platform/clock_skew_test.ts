import assert from "node:assert/strict";
import type { Facts } from "../../facts.ts";
import { NOW } from "../../testing.ts";
import { clockSkew as rule } from "./clock_skew.ts";

const at = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString().replace(/\.\d+/, "");
const seen = <T>(value: T) => ({ state: "seen", value }) as never;
const facts = (changes: Record<string, unknown>): Facts => ({
  subject: { kind: "workspace", namespace: "lab", name: "acme.ann.dev" },
  now: NOW,
  ...changes as Partial<Facts>,
});

function build(changes: { createdAt?: string; job?: object; agents?: object[] }) {
  return seen({ number: 3, job: {}, agents: [], createdAt: at(-600), ...changes });
}

function daemon(name: string, status: string, lastSeenAt: string | undefined) {
  return { name, status, lastSeenAt, tags: {}, keyName: "", version: "", apiVersion: "" };
}

Deno.test("a build that is yet to come says by how much Coder's clock is ahead", () => {
  const [finding, ...more] = rule.find(facts({ build: build({ createdAt: at(600) }) }));
  assert.deepEqual(more, []);
  assert.equal(finding?.cause, "The clock of Coder is 10 minutes ahead of that of coder-k8s here.");
  assert.equal(finding.confidence, "certain");
  assert.deepEqual(finding.evidence, [{
    source: "build 3 in Coder",
    at: at(600),
    quote: `created_at ${at(600)}, which is 10 minutes yet to come`,
  }]);
  assert.deepEqual(finding.next.map(({ command }) => command), [
    "kubectl -n lab get pods -l app.kubernetes.io/name=coder-control-plane -o wide",
    "timedatectl timesync-status",
  ]);
});

Deno.test("jobs, agents and daemons have times of Coder's clock, too", () => {
  const agents = [{ name: "main", status: "disconnected", disconnectedAt: at(100), lastConnectedAt: at(90) }];
  for (
    const changes of [
      { build: build({ job: { startedAt: at(90) } }) },
      { build: build({ agents }) },
      { daemons: seen([daemon("a", "offline", at(90))]) },
      { jobs: seen([{ id: "123456789", createdAt: at(90) }]) },
    ]
  ) {
    const [finding] = rule.find(facts(changes));
    assert.match(finding?.cause ?? "", /^The clock of Coder is (?:90|100) seconds ahead/);
  }
});

Deno.test("a daemon that is connected and was last seen long ago says that Coder's clock is behind", () => {
  const daemons = seen([daemon("old", "idle", at(-4_000)), daemon("gpu-0", "busy", at(-3_690))]);
  const [finding] = rule.find(facts({ daemons }));
  assert.equal(
    finding?.cause,
    "The clock of Coder is at least 60 minutes behind that of coder-k8s here: " +
      "what it calls connected was last seen long ago.",
  );
  assert.equal(finding.confidence, "likely");
  assert.equal(finding.evidence[0]?.source, "daemon gpu-0 (busy) in Coder");
  const agents = [{ name: "main", status: "connected", lastConnectedAt: at(-7_500) }];
  const [agent] = rule.find(facts({ build: build({ agents }) }));
  assert.match(agent?.cause ?? "", /is at least 2 hours behind/);
});

Deno.test("one fresh time of Coder's clock proves that it is right", () => {
  const daemons = seen([daemon("stale", "idle", at(-4_000)), daemon("gpu-0", "busy", at(-5))]);
  assert.deepEqual(rule.find(facts({ daemons })), []);
  const stale = seen([daemon("stale", "idle", at(-4_000))]);
  assert.equal(rule.find(facts({ daemons: stale })).length, 1);
  assert.deepEqual(rule.find(facts({ daemons: stale, build: build({ createdAt: at(-20) }) })), []);
});

Deno.test("an event of a node whose clock is ahead names the node", () => {
  const event = {
    involvedObject: { kind: "Pod", namespace: "lab", name: "dev-0" },
    reason: "Pulled",
    message: "pulled",
    lastTimestamp: at(7_200),
    source: { component: "kubelet", host: "node-7" },
  };
  const [finding] = rule.find(facts({ events: seen([event]) }));
  assert.equal(finding?.cause, "The clock of node node-7 is 2 hours ahead of that of coder-k8s here.");
  assert.equal(finding.evidence[0]?.quote, "Pulled: pulled (2 hours yet to come)");
  assert.equal(
    finding.next[0]?.command,
    "kubectl debug node/node-7 -it --image=busybox -- date -u",
  );
});

Deno.test("leases, pods and their conditions count, and several clocks are named together", () => {
  const lease = {
    metadata: { namespace: "coder-system", name: "coder-k8s" },
    spec: { renewTime: at(200), holderIdentity: "a" },
  };
  const pod = {
    metadata: { namespace: "lab", name: "dev-0", creationTimestamp: at(300) },
    spec: { nodeName: "node-1" },
    status: {
      conditions: [
        { type: "Ready", status: "True", lastTransitionTime: at(250) },
        { type: "PodScheduled", status: "True", lastTransitionTime: at(999) },
      ],
    },
  };
  const [finding] = rule.find(facts({ operatorLease: seen(lease), pods: seen([pod]) }));
  assert.equal(
    finding?.cause,
    "The clocks of the Kubernetes API server, node node-1 and the operator are up to 5 minutes ahead of that of " +
      "coder-k8s here.",
  );
});

Deno.test("whose Coder it is, and days of difference, are said", () => {
  const controlPlane = seen({ metadata: { namespace: "core", name: "main" } });
  const [finding] = rule.find(facts({ controlPlane, build: build({ createdAt: at(400_000) }) }));
  assert.match(finding?.cause ?? "", /^The clock of Coder is 5 days ahead/);
  assert.equal(finding?.next[0]?.command, "kubectl -n core exec deployment/main -- date -u");
});

Deno.test("times that are right, old, missing or of no shape say nothing", () => {
  const agents = [
    { name: "main", status: "connected", lastConnectedAt: at(-30) },
    { name: "gone", status: "disconnected", lastConnectedAt: at(-90_000), disconnectedAt: at(-89_000) },
  ];
  const well = {
    build: build({ createdAt: at(30), agents }),
    daemons: seen([
      daemon("a", "idle", at(-60)),
      daemon("b", "offline", at(-9_000)),
      daemon("c", "idle", undefined),
    ]),
    jobs: seen([{ id: "1", createdAt: at(-9_000) }]),
    events: seen([null, {}, { lastTimestamp: at(-5) }, { lastTimestamp: "soon" }]),
    pods: seen([null, { status: { conditions: [3] } }]),
    operatorLease: seen({ spec: { renewTime: at(-2) } }),
  };
  assert.deepEqual(rule.find(facts(well)), []);
  assert.deepEqual(rule.find(facts({})), []);
  const unread = { state: "unread", what: "x", kind: "forbidden", why: "no" };
  assert.deepEqual(rule.find(facts({ build: unread, daemons: unread, events: unread })), []);
});
