import assert from "node:assert/strict";
import type { Facts } from "../../facts.ts";
import { NOW } from "../../testing.ts";
import { duration, stampsOf } from "./clock_times.ts";

const SUBJECT = { kind: "workspace", namespace: "lab", name: "acme.ann.dev" } as const;
const at = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString().replace(/\.\d+/, "");
const facts = (changes: Record<string, unknown>): Facts => ({
  subject: SUBJECT,
  now: NOW,
  ...Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, { state: "seen", value }])),
});
const told = (changes: Record<string, unknown>) =>
  stampsOf(facts(changes)).filter((stamp) => stamp.at > 0)
    .map(({ at, clock, node, youngerThan }) => [clock, node, (at - NOW) / 1_000, youngerThan]);

Deno.test("Coder's times are those of builds, jobs, agents and daemons", () => {
  const build = {
    number: 1,
    createdAt: at(-60),
    job: { startedAt: at(-50), completedAt: at(-40) },
    agents: [{ name: "main", status: "connected", lastConnectedAt: at(-5) }, {
      name: "old",
      status: "disconnected",
      disconnectedAt: at(-9),
    }],
  };
  assert.deepEqual(told({ build }), [
    ["Coder", undefined, -60, undefined],
    ["Coder", undefined, -50, undefined],
    ["Coder", undefined, -40, undefined],
    ["Coder", undefined, -5, 300_000],
    ["Coder", undefined, -9, undefined],
  ]);
  const daemons = [{ name: "a", status: "idle", lastSeenAt: at(-1) }, {
    name: "b",
    status: "offline",
    lastSeenAt: at(-2),
  }];
  assert.deepEqual(told({ daemons, jobs: [{ id: "x", createdAt: at(-3) }] }), [
    ["Coder", undefined, -1, 90_000],
    ["Coder", undefined, -2, undefined],
    ["Coder", undefined, -3, undefined],
  ]);
});

Deno.test("an event is of the node or the component that tells it", () => {
  const of = (more: object) => ({ lastTimestamp: at(-7), ...more });
  assert.deepEqual(
    told({
      events: [
        of({ source: { host: "node-1", component: "kubelet" } }),
        of({ source: { component: "scheduler" } }),
        of({ reportingComponent: "controller" }),
        of({}),
      ],
    }),
    [
      ["node node-1", "node-1", -7, undefined],
      ["scheduler", undefined, -7, undefined],
      ["controller", undefined, -7, undefined],
      ["Kubernetes", undefined, -7, undefined],
    ],
  );
});

Deno.test("a pod has a time of the API server, and its conditions those of its node", () => {
  const condition = (type: string) => ({ type, status: "True", lastTransitionTime: at(-3) });
  const pod = (nodeName?: string) => ({
    metadata: { name: "p", namespace: "lab", creationTimestamp: at(-8) },
    spec: { nodeName },
    status: { conditions: [condition("Ready"), condition("PodScheduled")] },
  });
  const server = ["the Kubernetes API server", undefined, -8, undefined];
  assert.deepEqual(told({ pods: [pod("node-1")] }), [server, ["node node-1", "node-1", -3, undefined]]);
  assert.deepEqual(told({ pods: [pod()] }), [server]);
});

Deno.test("a duration is said in its largest fitting unit", () => {
  const seconds = [0, 90, 119, 120, 7_199, 7_200, 172_799, 172_800];
  assert.deepEqual(seconds.map((one) => duration(one * 1_000)), [
    ...[
      "0 seconds",
      "90 seconds",
      "119 seconds",
      "2 minutes",
      "120 minutes",
      "2 hours",
      "48 hours",
      "2 days",
    ],
  ]);
});

Deno.test("nothing that was seen has no times", () => {
  assert.deepEqual(told({}), []);
});
