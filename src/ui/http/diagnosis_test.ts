import assert from "node:assert/strict";
import type { Diagnosis } from "../../diagnosis/mod.ts";
import { RULES } from "../../diagnosis/mod.ts";
import { ToolError } from "../../mcp/errors.ts";
import { LiveCluster, refusal, visitorOf } from "../testing.ts";
import { answerOf, diagnosisFor } from "./diagnosis.ts";

const ask = async (query: string, live = new LiveCluster()) => {
  const options = { now: Date.now, signal: AbortSignal.timeout(60_000) };
  return await diagnosisFor(new URLSearchParams(query), visitorOf("ann", live.cluster), options)
    .catch((error) => {
      assert.ok(error instanceof ToolError, String(error));
      return error;
    });
};

Deno.test("what is asked for must be an object of a kind that can be diagnosed", async () => {
  for (
    const query of [
      "",
      "kind=pod&namespace=lab&name=a",
      "kind=workspace&namespace=lab",
      "kind=workspace&namespace=lab&name=../../secrets",
      "kind=workspace&namespace=LAB&name=a",
    ]
  ) {
    const error = await ask(query);
    assert.ok(error instanceof ToolError && error.code === "invalid", query);
  }
});

Deno.test("what is not there, or may not be seen, is said", async () => {
  const query = "kind=controlplane&namespace=lab&name=coder";
  const missing = await ask(query);
  assert.ok(missing instanceof ToolError && missing.code === "not_found", String(missing));
  const live = new LiveCluster();
  live.refuse = () => refusal(403, "Forbidden", "you may not");
  const hidden = await ask(query, live);
  assert.ok(hidden instanceof ToolError && hidden.code === "forbidden", String(hidden));
  assert.match(hidden.message, /you may not/);
});

Deno.test("a control plane is diagnosed with the rights of who asks", async () => {
  const live = new LiveCluster();
  live.put({
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { namespace: "lab", name: "coder", uid: "u", generation: 1 },
    spec: { image: "ghcr.io/coder/coder:v2" },
    status: {
      observedGeneration: 1,
      phase: "Pending",
      conditions: [{ type: "Ready", status: "False", reason: "X", message: "PostgreSQL is away" }],
    },
  } as never);
  const answer = await ask("kind=controlplane&namespace=lab&name=coder", live);
  assert.ok(!(answer instanceof ToolError), String(answer));
  assert.notEqual(answer.summary, "");
  assert.ok(
    live.asked.some((what) => what.startsWith("get codercontrolplanes lab/coder")),
    live.asked.join(),
  );
});

Deno.test("an answer is for people: a heading, why, and what to do", () => {
  const [rule] = RULES;
  const answer = answerOf({
    subject: { kind: "workspace", namespace: "lab", name: "a" },
    state: "It waits.",
    healthy: false,
    causes: [{
      rule: rule!.id,
      cause: "No provisioner takes it.",
      confidence: "certain",
      evidence: [{ source: "job of build 4", quote: "no daemons" }],
      next: [
        { text: "Start one", command: "kubectl scale deployment/x --replicas=1" },
        { text: "Ask somebody" },
        { text: "Do much", command: "x".repeat(5_000) },
      ],
    }],
    notSeen: Array.from({ length: 8 }, (_, index) => ({ what: `thing ${index}`, why: "forbidden" })),
    calls: { kubernetes: 1, coder: 1 },
  } as Diagnosis);
  assert.match(answer.summary, /^It waits\. Not seen: thing 0 \(forbidden\), .*, 3 more\.$/);
  assert.deepEqual(answer.causes, [{
    title: rule!.docs.title,
    why: "No provisioner takes it.\njob of build 4: no daemons",
    steps: ["Start one: kubectl scale deployment/x --replicas=1", "Ask somebody", "Do much"],
    certainty: "certain",
  }]);
});
