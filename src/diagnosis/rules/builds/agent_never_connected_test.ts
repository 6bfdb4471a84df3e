import assert from "node:assert/strict";
import type { Pod } from "../../../api/kubernetes/types.ts";
import { agentNeverConnected as rule } from "./agent_never_connected.ts";
import { agent, ago, assertQuiet, build, ID, object, only, quotes, seen, steps, UNREAD } from "./testing.ts";

const NEVER = agent({
  status: "timeout",
  lifecycle: "created",
  health: { healthy: false, reason: "agent is taking too long to connect" },
  firstConnectedAt: undefined,
  lastConnectedAt: undefined,
  connectionTimeoutSeconds: 120,
  troubleshootingUrl: "https://help.example/agents",
});
const POD: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace: "pods", name: "dev-0", labels: { "com.coder.workspace.id": ID } },
  status: { phase: "Pending" },
};
const CODER: Pod = { ...POD, metadata: { namespace: "lab", name: "coder-0" } };

Deno.test("an agent that ran out of time is named, with the times, and where to look", () => {
  const found = only(rule, seen({ workspace: object(), build: build({ agents: [NEVER] }), pods: [] }));
  assert.equal(
    found.cause,
    "Build 4 succeeded, but agent main has never connected to Coder since 2026-11-22T07:50:00Z " +
      "(its template allows 120 s).",
  );
  assert.deepEqual(quotes(found), [
    "agent main of build 4 in Coder, 2026-11-22T07:50:00Z: timeout, lifecycle created; " +
    "agent is taking too long to connect",
    "pods of the workspace, 2026-11-22T08:00:00Z: no pod has the workspace's labels",
  ]);
  assert.deepEqual(steps(found), [
    "See whether the workspace has a pod: templates label them. | " +
    `kubectl -n lab get pods -l com.coder.workspace.id=${ID} -o wide | ` +
    'list_workspace_pods {"namespace":"lab","name":"acme.ann.dev"}',
    "See which access URL agents are told, and whether pods can reach it. | kubectl -n lab get codercontrolplane " +
    'coder | get_control_plane_status {"namespace":"lab","name":"coder"}',
    "See what helps with such agents: https://help.example/agents",
  ]);
});

Deno.test("a pod is named, and its log is the next thing to read", () => {
  const found = only(rule, seen({ build: build({ agents: [NEVER] }), pods: [POD] }));
  assert.equal(quotes(found)[1], "pods of the workspace, 2026-11-22T08:00:00Z: dev-0: Pending");
  assert.match(steps(found)[0] ?? "", /^See how the workspace's pods are\. \| kubectl -n pods get pods/);
  assert.match(
    steps(found)[1] ?? "",
    /\| kubectl -n pods logs dev-0 --all-containers --tail=100 \| get_pod_logs/,
  );
});

Deno.test("pods of a Coder that is down are not the workspace's", () => {
  const found = only(rule, seen({ build: build({ agents: [NEVER] }), pods: [CODER] }));
  assert.equal(found.evidence.length, 1);
  assert.doesNotMatch(steps(found).join("\n"), /coder-0/);
});

Deno.test("several agents are one cause, and unread pods are no missing ones", () => {
  const agents = [NEVER, { ...NEVER, name: "gpu", connectionTimeoutSeconds: undefined }];
  const found = only(rule, { ...seen({ build: build({ agents }) }), pods: UNREAD });
  assert.match(found.cause, /^Build 4 succeeded, but agents main, gpu have never connected to Coder since/);
  assert.equal(found.evidence.length, 2);
});

Deno.test("an agent is given the time that its template gives it, or two minutes", () => {
  const connecting = (seconds: number, limit?: number) => {
    const late = { ...NEVER, status: "connecting", createdAt: ago(seconds), connectionTimeoutSeconds: limit };
    return rule.find(seen({ build: build({ agents: [late] }) })).length;
  };
  assert.deepEqual([connecting(110), connecting(130), connecting(130, 300), connecting(310, 300)], [
    0,
    1,
    0,
    1,
  ]);
});

Deno.test("nothing is said of agents that are there or were, and of workspaces that do not run", () => {
  assertQuiet(
    rule,
    seen({ build: build({ agents: [agent({ status: "disconnected" })] }) }),
    seen({ build: build({ agents: [NEVER], status: "stopped", transition: "stop" }) }),
    seen({ build: build({ agents: [] }) }),
  );
});
