import assert from "node:assert/strict";
import type { Deployment, ResourceQuota } from "../../../api/kubernetes/types.ts";
import type { BuildFacts, LogLine } from "../../coder_facts.ts";
import { ago, commands, event, factsOf, only, pod, quotes, unreadFacts } from "../../pods/testing.ts";
import type { Rule } from "../../types.ts";
import { admissionWebhookDenied } from "./admission_webhook_denied.ts";
import { limitRange } from "./limit_range.ts";
import { podCreateFailed } from "./pod_create_failed.ts";
import { podSecurityDenied } from "./pod_security_denied.ts";
import { resourceQuotaExceeded } from "./resource_quota_exceeded.ts";
import { serviceAccountMissing } from "./service_account_missing.ts";

const RULES = [
  admissionWebhookDenied,
  limitRange,
  podCreateFailed,
  podSecurityDenied,
  resourceQuotaExceeded,
  serviceAccountMissing,
];
const refused = (message: string) => event("FailedCreate", message, { kind: "ReplicaSet", name: "dev-7f" });
const creating = (words: string) => refused(`Error creating: ${words}`);
const ids = (values: Parameters<typeof factsOf>[0]) =>
  RULES.filter(({ find }) => find(factsOf(values)).length > 0).map(({ id }) => id);

const EXCEEDED =
  'pods "dev-7f-x" is forbidden: exceeded quota: team, requested: limits.cpu=8,limits.memory=16Gi, used: ' +
  "limits.cpu=2,limits.memory=4Gi, limited: limits.cpu=4,limits.memory=8Gi";
const RESTRICTED =
  'pods "dev-7f-x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != ' +
  'false (container "dev" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container ' +
  '"dev" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "dev" must set ' +
  "securityContext.runAsNonRoot=true)";

/** Words of the API server, as controllers quote them. */
const WORDS: readonly (readonly [rule: Rule, words: string, cause: string])[] = [
  [
    resourceQuotaExceeded,
    EXCEEDED,
    "The ResourceQuota lab/team has no room for the pod of ReplicaSet lab/dev-7f: limits.cpu: 8 asked, 2 of 4 used; " +
    "limits.memory: 16Gi asked, 4Gi of 8Gi used.",
  ],
  [
    resourceQuotaExceeded,
    'pods "dev-7f-x" is forbidden: failed quota: team: must specify limits.cpu for: dev; limits.memory for: dev',
    "The ResourceQuota lab/team wants limits.cpu, limits.memory of every container, and ReplicaSet lab/dev-7f gives " +
    "none: no pod is made.",
  ],
  [
    resourceQuotaExceeded,
    'pods "dev-7f-x" is forbidden: failed quota: team: must specify limits.cpu,limits.memory',
    "The ResourceQuota lab/team wants limits.cpu, limits.memory of every container, and ReplicaSet lab/dev-7f gives none: " +
    "no pod is made.",
  ],
  [
    limitRange,
    'pods "dev-7f-x" is forbidden: maximum cpu usage per Container is 2, but limit is 4',
    "A LimitRange of the namespace refuses the pod of ReplicaSet lab/dev-7f: maximum cpu usage per Container is 2, but " +
    "limit is 4.",
  ],
  [
    limitRange,
    'pods "dev-7f-x" is forbidden: [minimum memory usage per Container is 100Mi. No request is specified, maximum cpu ' +
    "usage per Pod is 2, but limit is 4]",
    "A LimitRange of the namespace refuses the pod of ReplicaSet lab/dev-7f: minimum memory usage per Container is " +
    "100Mi. No request is specified.",
  ],
  [
    podSecurityDenied,
    RESTRICTED,
    "Pod security (restricted:latest) of the namespace refuses the pod of ReplicaSet lab/dev-7f: allowPrivilegeEscalation " +
    "!= false, unrestricted capabilities, runAsNonRoot != true.",
  ],
  [
    podSecurityDenied,
    'pods "dev-7f-" is forbidden: unable to validate against any security context constraint: [provider restricted-v2: ' +
    ".spec.securityContext.fsGroup: Invalid value: 0]",
    "No security context constraint allows the pod of ReplicaSet lab/dev-7f.",
  ],
  [
    admissionWebhookDenied,
    'admission webhook "validate.kyverno.svc-fail" denied the request: policy Pod/lab/dev for resource violation: images ' +
    "must be signed",
    "The admission webhook validate.kyverno.svc-fail refuses the pod of ReplicaSet lab/dev-7f: policy Pod/lab/dev for " +
    "resource violation: images must be signed.",
  ],
  [
    admissionWebhookDenied,
    'admission webhook "x.example.com" denied the request without explanation',
    "The admission webhook x.example.com refuses the pod of ReplicaSet lab/dev-7f.",
  ],
  [
    admissionWebhookDenied,
    'Internal error occurred: failed calling webhook "x.example.com": failed to call webhook: Post "https://x.svc:443/": ' +
    "connect: connection refused",
    "The admission webhook x.example.com, which is asked for each pod of ReplicaSet lab/dev-7f, does not answer: failed " +
    'to call webhook: Post "https://x.svc:443/": connect: connection refused.',
  ],
  [
    admissionWebhookDenied,
    "pods \"dev-7f-x\" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'all' denied request: images " +
    "need a version",
    "The admission policy no-latest refuses the pod of ReplicaSet lab/dev-7f: images need a version.",
  ],
  [
    serviceAccountMissing,
    'pods "dev-7f-" is forbidden: error looking up service account lab/runner: serviceaccount "runner" not found',
    "The service account lab/runner, which the pod of ReplicaSet lab/dev-7f needs, does not exist.",
  ],
  [
    podCreateFailed,
    'Pod "dev-7f-x" is invalid: spec.containers[0].image: Required value',
    'The API server refuses the pod of ReplicaSet lab/dev-7f: Pod "dev-7f-x" is invalid: spec.containers[0].image: ' +
    "Required value.",
  ],
];
for (const [rule, words, cause] of WORDS) {
  Deno.test(`${rule.id} is what it means when the API server says ${words.slice(0, 100)}`, () => {
    const values = { pods: [], events: [creating(words)] };
    assert.deepEqual(ids(values), [rule.id]);
    const found = only(rule, values);
    assert.equal(found.cause, cause);
    assert.deepEqual(
      quotes(found)[0],
      `event of ReplicaSet lab/dev-7f at ${ago(30)}: FailedCreate: Error creating: ${words} (×4)`,
    );
    assert.ok(commands(found).some((command) => command.startsWith("kubectl ")));
  });
}

Deno.test("a quota is shown as it is now", () => {
  const quota: ResourceQuota = {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "team", namespace: "lab" },
    status: { hard: { "limits.cpu": "4", pods: "10" }, used: { "limits.cpu": "2" } },
  };
  const found = only(resourceQuotaExceeded, { pods: [], events: [creating(EXCEEDED)], quotas: [quota] });
  assert.equal(
    quotes(found)[1],
    "ResourceQuota lab/team at 2026-11-22T08:00:00Z: limits.cpu 2 of 4, pods 0 of 10",
  );
  assert.deepEqual(commands(found), [
    "kubectl -n lab describe resourcequota team",
    "kubectl -n lab get events --field-selector=involvedObject.name=dev-7f",
  ]);
});

const build = (status: string, error = "") =>
  ({ number: 4, job: { status, error } }) as unknown as BuildFacts;
const line = (text: string, level = "error"): LogLine => ({
  at: ago(40),
  level,
  stage: "Starting workspace",
  text,
});

Deno.test("Terraform quotes the same refusals in the build's log", () => {
  const words = `Error: ${EXCEEDED.replace("dev-7f-x", "coder-ann-dev")}`;
  const values = {
    build: build("failed", "terraform apply: exit status 1"),
    buildLog: [line("Plan: 1"), line(words)],
  };
  assert.deepEqual(ids(values), ["resource-quota-exceeded"]);
  const found = only(resourceQuotaExceeded, values);
  assert.match(
    found.cause,
    /^The ResourceQuota team has no room for the pod of build 4: limits\.cpu: 8 asked/,
  );
  assert.equal(quotes(found)[0], `log of build 4 at ${ago(40)}: ${words}`);
  assert.deepEqual(found.next.at(-1)!.tool, {
    name: "get_workspace_build_log",
    arguments: { namespace: "lab", name: "default.ann.dev", tailLines: 100 },
  });
  const claim = line(
    'Error: persistentvolumeclaims "home" is forbidden: exceeded quota: disk, requested: requests.storage=50Gi, used: requests.storage=0, limited: requests.storage=10Gi',
  );
  assert.match(
    only(resourceQuotaExceeded, { ...values, buildLog: [claim] }).cause,
    /no room for the volume claim of build 4: requests\.storage: 50Gi asked, 0 of 10Gi used/,
  );
});

Deno.test("the job's own error tells it where the log was not read, and builds that are done tell nothing", () => {
  assert.equal(
    quotes(only(podSecurityDenied, { build: build("failed", `terraform apply: ${RESTRICTED}`) }))[0]!.slice(
      0,
      31,
    ),
    "error of build 4: terraform app",
  );
  assert.deepEqual(ids({ build: build("succeeded"), buildLog: [line(EXCEEDED)] }), []);
  assert.deepEqual(ids({ build: build("failed"), buildLog: [line("Error: something else")] }), []);
});

Deno.test("a refusal that a pod followed is over", () => {
  const owner = (
    name: string,
  ) => [{ apiVersion: "apps/v1", kind: "ReplicaSet", name, uid: "1", controller: true }];
  const events = [creating(EXCEEDED)];
  const own = (seconds: number) =>
    pod({
      name: "dev-7f-x",
      metadata: { ownerReferences: owner("dev-7f"), creationTimestamp: ago(seconds) },
    });
  assert.deepEqual(ids({ pods: [own(10)], events }), []);
  // Two of three replicas are there: the third is still refused.
  assert.deepEqual(ids({ pods: [own(600)], events }), ["resource-quota-exceeded"]);
  const newer = pod({
    name: "dev-8a-y",
    metadata: { ownerReferences: owner("dev-8a"), creationTimestamp: ago(10) },
  });
  assert.deepEqual(ids({ pods: [newer], events }), []);
});

Deno.test("a refusal that is not repeated is over, and one of a Deployment that wants no pods", () => {
  const old = event("FailedCreate", `Error creating: ${EXCEEDED}`, {
    kind: "ReplicaSet",
    name: "dev-7f",
    lastTimestamp: ago(1_500),
  });
  assert.deepEqual(ids({ pods: [], events: [old] }), []);
  const deployment = (replicas: number) => ({ spec: { replicas } }) as unknown as Deployment;
  assert.deepEqual(ids({ events: [creating(EXCEEDED)], deployment: deployment(0) }), []);
  assert.deepEqual(ids({ events: [creating(EXCEEDED)], deployment: deployment(1) }), [
    "resource-quota-exceeded",
  ]);
});

Deno.test("equal refusals of several are one cause, and only the newest of each counts", () => {
  const other = event("FailedCreate", `Error creating: ${EXCEEDED}`, { kind: "ReplicaSet", name: "web-1" });
  assert.equal(resourceQuotaExceeded.find(factsOf({ events: [creating(EXCEEDED), other] })).length, 1);
  const older = event("FailedCreate", `Error creating: ${RESTRICTED}`, {
    kind: "ReplicaSet",
    name: "dev-7f",
    lastTimestamp: ago(500),
  });
  assert.deepEqual(ids({ events: [creating(EXCEEDED), older] }), ["resource-quota-exceeded"]);
});

for (const rule of RULES as Rule[]) {
  Deno.test(`${rule.id} is silent where all is well and where nothing was read`, () => {
    assert.deepEqual(rule.find(factsOf({ pods: [pod()], events: [], quotas: [] })), []);
    assert.deepEqual(rule.find(unreadFacts(rule)), []);
  });
}
