import assert from "node:assert/strict";
import type { JobFacts } from "../../coder_facts.ts";
import { provisionerTagsMismatch as rule } from "./provisioner_idle_tags_mismatch.ts";
import { ago, daemon, facts, seen, unread } from "./testing.ts";

function job(tags: Record<string, string>, changes: Partial<JobFacts> = {}): JobFacts {
  return {
    id: "12345678-0000-4000-8000-000000000000",
    type: "workspace_build",
    status: "pending",
    createdAt: ago(600),
    tags: { scope: "organization", owner: "", ...tags },
    queuePosition: 1,
    workerName: "",
    availableWorkers: 0,
    error: "",
    ...changes,
  };
}

Deno.test("a job whose tag has another value than the idle daemons' is told, with both", () => {
  const [finding] = rule.find(facts({ jobs: seen([job({ env: "gpus" })]) }));
  assert.equal(
    finding?.cause,
    "A job waits for a provisioner with the tags env=gpus; the idle daemons of lab/gpu have env=gpu, " +
      "and no other daemon has them.",
  );
  assert.equal(finding.confidence, "possible");
  assert.deepEqual(finding.evidence[0], {
    source: "provisioner job 12345678 in Coder",
    at: ago(600),
    quote: "pending, workspace_build with the tags env=gpus",
  });
  assert.match(finding.next[0]?.text ?? "", /^Set spec\.tags to env=gpus, if those jobs/);
  const two = rule.find(facts({ jobs: seen([job({ env: "gpus" }), job({ env: "gpus" })]) }));
  assert.match(two[0]?.cause ?? "", /^2 jobs wait for/);
});

Deno.test("work for others, work that somebody can take, and work that is new is none of its", () => {
  const none = (jobs: JobFacts[], daemons = [daemon()]) =>
    assert.deepEqual(rule.find(facts({ jobs: seen(jobs), daemons: seen(daemons) })), []);
  none([]);
  none([job({})]);
  none([job({ zone: "eu" })]);
  none([job({ env: "gpu", zone: "eu" })]);
  none([job({ env: "gpu" })]);
  none([job({ env: "gpus" }, { createdAt: ago(20) })]);
  none([job({ env: "gpus" }, { status: "running" })]);
  const other = daemon({ name: "x", keyName: "y", tags: { scope: "organization", owner: "", env: "gpus" } });
  none([job({ env: "gpus" })], [daemon(), { ...other, status: "busy" }]);
});

Deno.test("busy or missing daemons, and what was not read, say nothing", () => {
  const jobs = seen([job({ env: "gpus" })]);
  assert.deepEqual(rule.find(facts({ jobs, daemons: seen([daemon({ status: "busy" })]) })), []);
  assert.deepEqual(rule.find(facts({ jobs, daemons: seen([]) })), []);
  assert.deepEqual(rule.find(facts({ jobs, daemons: unread })), []);
  assert.deepEqual(rule.find(facts({ jobs: unread })), []);
  assert.deepEqual(rule.find(facts({ jobs, provisioner: unread })), []);
});
