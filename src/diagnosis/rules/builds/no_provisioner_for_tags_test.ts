import assert from "node:assert/strict";
import type { CoderProvisioner } from "../../../api/provisioner.ts";
import { noProvisionerForTags as rule } from "./no_provisioner_for_tags.ts";
import { ago, assertQuiet, daemon, object, only, pending, quotes, seen, steps, UNREAD } from "./testing.ts";

const BUILT_IN = daemon({ name: "coder-0", keyName: "built-in", tags: { scope: "organization", owner: "" } });

function provisioner(spec: object): CoderProvisioner {
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderProvisioner",
    metadata: { namespace: "lab", name: "gpu" },
    spec: { controlPlaneRef: { name: "coder" }, organizationName: "acme", tags: { env: "gpu" }, ...spec },
  } as CoderProvisioner;
}

Deno.test("a build that nobody connected has the tags of says since when, and who else is there", () => {
  const daemons = [BUILT_IN, daemon({ status: "offline", lastSeenAt: ago(4_000) })];
  const facts = seen({ workspace: object(), build: pending(300), daemons, provisioners: [] });
  const found = only(rule, facts);
  assert.equal(
    found.cause,
    "Build 4 (start) waits for a provisioner with the tags env=gpu: " +
      "none is connected since 2026-11-22T06:53:20Z; the last one was prov-1.",
  );
  assert.equal(found.confidence, "certain");
  assert.deepEqual(quotes(found), [
    "build 4 (start) in Coder, 2026-11-22T07:55:00Z: pending, tags of its job: env=gpu",
    "provisioner daemons of acme in Coder, 2026-11-22T06:53:20Z: prov-1 has the tags, and is offline",
    "provisioner daemons of acme in Coder, 2026-11-22T08:00:00Z: connected: coder-0 (no tags, built-in)",
  ]);
  assert.deepEqual(steps(found), [
    "See which provisioners there are: none has the tags env=gpu. | kubectl -n lab get coderprovisioners -o wide | " +
    'list_provisioner_daemons {"namespace":"lab","controlPlane":"coder","offline":true}',
    "Create a CoderProvisioner with spec.tags env=gpu, or change the tags in the template docker. | " +
    "kubectl explain coderprovisioner.spec.tags",
  ]);
});

Deno.test("a build without tags is for daemons without tags alone", () => {
  const build = pending(300, { tags: BUILT_IN.tags });
  const found = only(rule, seen({ build, daemons: [daemon()], provisioners: [] }));
  assert.equal(
    found.cause,
    "Build 4 (start) waits for a provisioner with no tags: none is connected, and Coder knows none that has them.",
  );
  assert.match(quotes(found).join("\n"), /connected: prov-1 \(env=gpu\)$/);
  assert.match(steps(found)[1] ?? "", /^Create a CoderProvisioner without tags, or switch/);
  assert.deepEqual(rule.find(seen({ build, daemons: [BUILT_IN] })), []);
});

Deno.test("a provisioner that has the tags is the next thing to look at", () => {
  const facts = seen({
    workspace: object(),
    build: pending(20),
    daemons: [],
    provisioners: [provisioner({})],
  });
  const found = only(rule, facts);
  assert.equal(
    steps(found)[0],
    "See why provisioner gpu, which has these tags, is not connected. | " +
      'coder-k8s diagnose provisioner gpu -n lab | diagnose_provisioner {"namespace":"lab","name":"gpu"}',
  );
  const others = [
    provisioner({ tags: { env: "cpu" } }),
    provisioner({ organizationName: "other" }),
    provisioner({ controlPlaneRef: { name: "second" } }),
  ];
  for (const other of others) {
    const without = only(rule, { ...facts, provisioners: { state: "seen", value: [other] } });
    assert.match(steps(without)[0] ?? "", /^See which provisioners there are: none has/);
  }
});

Deno.test("a provisioner that scales from nothing is given a minute", () => {
  const provisioners = [provisioner({ autoscale: { minReplicas: 0, maxReplicas: 3 } })];
  assert.deepEqual(rule.find(seen({ build: pending(50), daemons: [], provisioners })), []);
  assert.equal(rule.find(seen({ build: pending(70), daemons: [], provisioners })).length, 1);
});

Deno.test("where daemons cannot be read, what Coder counted at first is likely still so", () => {
  const matched = { count: 3, available: 0, mostRecentlySeen: ago(900) };
  const facts = { ...seen({ build: { ...pending(30), matched } }), daemons: UNREAD, provisioners: UNREAD };
  const found = only(rule, facts);
  assert.equal(
    found.cause,
    "Build 4 (start) waits for a provisioner with the tags env=gpu: none was connected when the build was asked for.",
  );
  assert.equal(found.confidence, "likely");
  assert.match(steps(found)[0] ?? "", /^See which provisioners there are\. /);
  const some = { ...facts, build: { state: "seen" as const, value: pending(30) } };
  assert.deepEqual(rule.find(some), []);
});

Deno.test("of many daemons some are named", () => {
  const daemons = Array.from({ length: 9 }, (_, index) => ({ ...BUILT_IN, name: `coder-${index}` }));
  const [, connected] = quotes(only(rule, seen({ build: pending(30), daemons, provisioners: [] })));
  assert.match(connected ?? "", /coder-5 \(no tags, built-in\) and 3 more$/);
});

Deno.test("nothing is said of builds that somebody may take, that run, or whose tags are not known", () => {
  assertQuiet(
    rule,
    seen({ build: pending(300), daemons: [daemon()] }),
    seen({ build: pending(300), daemons: [daemon({ status: "busy" })] }),
    seen({ build: pending(300, { tags: {} }), daemons: [] }),
  );
});
