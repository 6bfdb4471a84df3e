import assert from "node:assert/strict";
import { timeText } from "../../core_events.ts";
import type { Facts } from "../../facts.ts";
import { NOW } from "../../testing.ts";
import { coderRateLimit as rule } from "./coder_rate_limit.ts";

const WORDS = "You've been rate limited for sending more than 512 requests in 1m0s.";
const limited = (what: string, why = WORDS) => ({ state: "unread", what, kind: "rateLimited", why }) as const;

function facts(changes: Partial<Facts> = {}): Facts {
  return { subject: { kind: "workspace", namespace: "lab", name: "acme.ann.dev" }, now: NOW, ...changes };
}

Deno.test("what Coder answered with 429 is quoted, with how to raise the limit", () => {
  const [finding] = rule.find(facts({
    controlPlane: { state: "seen", value: { metadata: { namespace: "lab", name: "coder" } } as never },
    build: limited("get the workspace from Coder"),
    daemons: limited("list provisioner daemons"),
  }));
  assert.equal(
    finding?.cause,
    "Too many requests: the Coder of lab/coder answers with 429: it takes no more requests from this address for now.",
  );
  assert.equal(finding.confidence, "certain");
  assert.deepEqual(finding.evidence, [
    { source: "answer to: get the workspace from Coder", at: timeText(NOW), quote: WORDS },
    { source: "answer to: list provisioner daemons", at: timeText(NOW), quote: WORDS },
  ]);
  assert.deepEqual(finding.next.map(({ command }) => command), [
    "coder-k8s diagnose workspace acme.ann.dev -n lab",
    "kubectl -n lab edit codercontrolplane coder",
  ]);
});

Deno.test("our own budget is told apart from Coder's limit", () => {
  const why = "GET /x was not sent: the request budget of this deployment is used up; there is room in 3 s";
  const [finding] = rule.find(facts({ build: limited("get the workspace from Coder", why) }));
  assert.match(
    finding?.cause ?? "",
    /^coder-k8s has used up its own budget of requests, .*: the Coder of lab is asked/,
  );
  assert.equal(finding?.next[1]?.command, "kubectl -n lab get codercontrolplanes");
});

Deno.test("what the aggregated API could not ask Coder for counts, and the API server's own limit does not", () => {
  assert.equal(rule.find(facts({ workspace: limited("get coderworkspace") })).length, 1);
  const own = limited("get coderworkspace", "the server has received too many requests");
  assert.deepEqual(rule.find(facts({ workspace: own })), []);
  assert.deepEqual(rule.find(facts({ pods: limited("list pods") })), []);
});

Deno.test("what the operator says of it is likely still so", () => {
  const conditions = [{
    type: "ProvisionerKeyReady",
    status: "False",
    reason: "RateLimited",
    message: "Coder asked for silence",
    lastTransitionTime: "2026-11-22T07:59:00Z",
  }];
  const value = { metadata: { namespace: "lab", name: "gpu" }, status: { conditions } } as never;
  const [finding] = rule.find(facts({
    subject: { kind: "provisioner", namespace: "lab", name: "gpu" },
    provisioner: { state: "seen", value },
  }));
  assert.equal(finding?.confidence, "likely");
  assert.deepEqual(finding.evidence, [{
    source: "condition ProvisionerKeyReady of provisioner gpu",
    at: "2026-11-22T07:59:00Z",
    quote: "RateLimited: Coder asked for silence",
  }]);
  assert.equal(finding.next[0]?.tool?.name, "diagnose_provisioner");
});

Deno.test("a control plane that is asked about is the Coder itself", () => {
  const subject = { kind: "controlplane", namespace: "lab", name: "coder" } as const;
  const [finding] = rule.find(facts({ subject, coderAlive: limited("get the version") }));
  assert.match(finding?.cause ?? "", /^Too many requests: the Coder of lab\/coder /);
});

Deno.test("nothing is said where nobody was limited", () => {
  assert.deepEqual(rule.find(facts()), []);
  const other = { state: "unread", what: "x", kind: "unreachable", why: "429 elsewhere" } as const;
  assert.deepEqual(rule.find(facts({ build: other, jobs: { state: "absent" } })), []);
  assert.deepEqual(rule.find(facts({ controlPlane: { state: "seen", value: null as never } })), []);
});
