import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { KubeApiError } from "../../kube/errors.ts";
import type { CallerCluster, CallerCoders } from "../../caller/types.ts";
import { fencedIn, toolRig } from "../testing.ts";
import {
  answerOf,
  diagnoseControlPlane,
  diagnoseWorkspace,
  DIAGNOSIS_TOOLS,
  type DiagnosisAnswer,
} from "./diagnosis.ts";
import { platformCluster, silentCluster } from "./platform_testing.ts";

const noCoders: CallerCoders = {
  list: () => Promise.resolve([]),
  open: () => Promise.reject(new Error("there is no Coder")),
};
const rigOf = (cluster: CallerCluster) => toolRig({ cluster, coders: noCoders });
const MAIN = { namespace: "lab", name: "main" };
/** The aggregated API is served. */
const served = {
  apiVersion: "apiregistration.k8s.io/v1",
  kind: "APIService",
  metadata: { namespace: "", name: "v1alpha1.aggregation.coder.com" },
} as unknown as KubeObject;

Deno.test("an object that is not there is told as such, and what was tried", async () => {
  for (const tool of DIAGNOSIS_TOOLS) {
    const { code, message } = await rigOf(platformCluster({ objects: [served] })).refuses(tool, MAIN);
    assert.equal(code, "not_found");
    assert.match(message, /^diagnose \w+: there is no \w+ lab\/main: check its name and namespace$/);
  }
});

Deno.test("who may not see the object is told why", async () => {
  const refuse = () => new KubeApiError(403, "Forbidden", "cannot get it", { method: "GET", path: "/x" });
  const { code, message } = await rigOf(platformCluster({ refuse })).refuses(diagnoseControlPlane, MAIN);
  assert.equal(code, "forbidden");
  assert.match(message, /^diagnose controlplane: controlplane lab\/main: cannot get it/);
});

Deno.test("a control plane gets a state, and the text has it before its causes", async () => {
  const object = {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { ...MAIN, uid: "u1" },
    spec: {},
    status: { phase: "Pending" },
  } as unknown as KubeObject;
  const { output, text } = await rigOf(platformCluster({ objects: [object] })).run(
    diagnoseControlPlane,
    MAIN,
  );
  const { state, healthy, causes } = output as unknown as DiagnosisAnswer;
  assert.ok(state !== "" && (fencedIn(text)[0] ?? text).startsWith(state), text);
  assert.equal(typeof healthy, "boolean");
  assert.ok(!healthy || causes.length === 0);
});

Deno.test("a client that goes away ends it at once", async () => {
  const end = new AbortController();
  const running = toolRig({ cluster: silentCluster(), coders: noCoders, signal: end.signal })
    .run(diagnoseWorkspace, MAIN);
  end.abort(new Error("the client is gone"));
  await assert.rejects(running);
});

Deno.test("an answer is bounded, whatever objects are called and errors say", () => {
  const long = "x".repeat(5_000);
  const answer = answerOf({
    subject: { kind: "workspace", ...MAIN },
    state: long,
    healthy: false,
    causes: Array.from({ length: 5 }, (_, index) => ({
      rule: `rule-${index}`,
      cause: long,
      confidence: "certain",
      evidence: [{ source: long, at: "2026-11-22T08:00:00Z", quote: long }],
      next: [{ text: long, command: long }, { text: "Do it.", command: "kubectl get pods" }],
    })),
    notSeen: Array.from({ length: 30 }, (_, index) => ({ what: `look ${index}`, why: long })),
    calls: { kubernetes: 1, coder: 1 },
  });
  assert.ok(JSON.stringify(answer).length < 20_000);
  assert.equal(answer.notSeen.length, 9);
  assert.equal(answer.notSeen.at(-1), "and 22 more");
  const [first, second] = answer.causes[0]!.next;
  assert.equal(first?.command, undefined, "half a command would be another one");
  assert.equal(second?.command, "kubectl get pods");
});
