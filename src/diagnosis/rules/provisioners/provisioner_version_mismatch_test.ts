import assert from "node:assert/strict";
import { provisionerVersionMismatch as rule } from "./provisioner_version_mismatch.ts";
import { facts, logOf, offline, provisioner, seen, unread } from "./testing.ts";

const NEWER = "ghcr.io/coder/coder:v2.31.4";
const newer = provisioner({ spec: { image: NEWER }, status: { image: NEWER } });

Deno.test("a daemon that Coder refuses for its version says so itself", () => {
  const line = "connect: status code 400: Incompatible or unparsable version: server is at version 1.14, " +
    "behind requested minor version 1.16";
  const [finding] = rule.find(offline({ provisioner: seen(newer), ...logOf(line) }));
  assert.equal(
    finding?.cause,
    `Coder v2.30.0 does not take the daemons of provisioner lab/gpu, which run the image ${NEWER}.`,
  );
  assert.equal(finding.confidence, "certain");
  assert.equal(finding.evidence[0]?.quote, line);
  assert.equal(
    finding.next[0]?.command,
    `kubectl -n lab patch coderprovisioner gpu --type json -p '[{"op":"remove","path":"/spec/image"}]'`,
  );
});

Deno.test("an image that is newer than Coder is likely the reason where no daemon is connected", () => {
  const [finding] = rule.find(offline({ provisioner: seen(newer) }));
  assert.equal(finding?.confidence, "likely");
  assert.equal(finding.evidence[0]?.quote, `${NEWER}, while Coder is v2.30.0`);
});

Deno.test("older daemons, equal ones, and those that are connected are in order", () => {
  assert.deepEqual(rule.find(facts()), []);
  assert.deepEqual(rule.find(facts({ provisioner: seen(newer) })), []);
  const older = provisioner({ spec: { image: "x:v2.9.1" }, status: { image: "x:v2.9.1" } });
  assert.deepEqual(rule.find(offline({ provisioner: seen(older) })), []);
  const other = provisioner({ spec: { image: "x:latest" }, status: { image: "x:latest" } });
  assert.deepEqual(rule.find(offline({ provisioner: seen(other) })), []);
});

Deno.test("nothing is said where nobody tried, or where Coder and its version are not known", () => {
  const object = { provisioner: seen(newer) };
  assert.deepEqual(rule.find(offline({ ...object, pods: seen([]) })), []);
  assert.deepEqual(rule.find(offline({ ...object, pods: unread })), []);
  assert.deepEqual(rule.find(facts({ ...object, daemons: unread })), []);
  assert.deepEqual(rule.find(offline({ ...object, controlPlane: unread })), []);
  assert.deepEqual(rule.find(offline({ provisioner: unread })), []);
});

Deno.test("where the image is not the spec's own, the log is what there is to look at", () => {
  const [finding] = rule.find(offline(logOf("version 1.2 is no longer supported")));
  assert.equal(finding?.next[0]?.command, "kubectl -n lab logs deployment/provisioner-gpu --tail=50");
});
