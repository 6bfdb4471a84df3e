import assert from "node:assert/strict";
import {
  daemonTags,
  isPending,
  isRunning,
  jobOf,
  matches,
  type ProvisionerJob,
  tagsMatch,
} from "./job_match.ts";

const PLAIN = { scope: "organization", owner: "" };

function job(fields: Partial<ProvisionerJob> = {}): ProvisionerJob {
  return { id: "1", organizationID: "o", status: "pending", tags: PLAIN, workerName: "", ...fields };
}

Deno.test("daemons get the scope that Coder gives them", () => {
  assert.deepEqual(daemonTags({}), PLAIN);
  assert.deepEqual(daemonTags({ region: "eu", owner: "me" }), { ...PLAIN, region: "eu" });
  assert.deepEqual(daemonTags({ scope: "galaxy" }), PLAIN);
  assert.equal(daemonTags({ scope: "user", owner: "me" })["owner"], "00000000-0000-0000-0000-000000000000");
});

Deno.test("jobs without tags go to daemons without tags alone", () => {
  assert.equal(tagsMatch(PLAIN, daemonTags({})), true);
  assert.equal(tagsMatch(PLAIN, daemonTags({ region: "eu" })), false);
  assert.equal(tagsMatch({ ...PLAIN, region: "eu" }, daemonTags({})), false);
});

Deno.test("jobs with tags go to daemons that have them all, with the same values", () => {
  const daemon = daemonTags({ region: "eu", os: "linux" });
  assert.equal(tagsMatch({ ...PLAIN, region: "eu" }, daemon), true);
  assert.equal(tagsMatch({ ...PLAIN, region: "eu", os: "linux" }, daemon), true);
  assert.equal(tagsMatch({ ...PLAIN, region: "us" }, daemon), false);
  assert.equal(tagsMatch({ ...PLAIN, region: "eu", gpu: "yes" }, daemon), false);
});

Deno.test("a tag that only objects in general have matches nothing", () => {
  assert.equal(tagsMatch({ ...PLAIN, toString: "x" }, daemonTags({})), false);
});

Deno.test("jobs of a user's own daemons are not for those of the organization", () => {
  assert.equal(tagsMatch({ scope: "user", owner: "u-1" }, daemonTags({})), false);
  assert.equal(tagsMatch({ scope: "user", owner: "u-1" }, daemonTags({ scope: "user" })), false);
});

Deno.test("every pair of small tag sets is judged as the rule says", () => {
  const values = [undefined, "1", "2"];
  const sets = values.flatMap((a) =>
    values.map((b) => ({ ...(a !== undefined && { a }), ...(b !== undefined && { b }) }))
  );
  for (const wanted of sets) {
    for (const given of sets) {
      const names = Object.keys(wanted) as (keyof typeof wanted)[];
      const expected = names.length === 0
        ? Object.keys(given).length === 0
        : names.every((name) => given[name] === wanted[name]);
      const what = `${JSON.stringify(wanted)} on ${JSON.stringify(given)}`;
      assert.equal(tagsMatch({ ...PLAIN, ...wanted }, daemonTags(given)), expected, what);
    }
  }
});

Deno.test("jobs of another organization are not for these daemons", () => {
  const queue = { organizationID: "o", tags: {} };
  assert.equal(matches(job(), queue), true);
  assert.equal(matches(job({ organizationID: "p" }), queue), false);
});

Deno.test("a job that is being cancelled still has somebody working on it", () => {
  const states = ["pending", "running", "canceling", "succeeded", "canceled", "failed", "unknown", ""];
  assert.deepEqual(states.filter((status) => isPending(job({ status }))), ["pending"]);
  assert.deepEqual(states.filter((status) => isRunning(job({ status }))), ["running", "canceling"]);
});

Deno.test("a job is read as Coder lists it", () => {
  const tags = { scope: "organization", owner: "", region: "eu" };
  const read = jobOf({
    id: "1",
    organization_id: "o",
    status: "running",
    tags,
    type: "workspace_build",
    worker_id: "w",
    worker_name: "prov-1",
    created_at: "2026-01-01T00:00:00Z",
  });
  assert.deepEqual(read, { id: "1", organizationID: "o", status: "running", tags, workerName: "prov-1" });
});
