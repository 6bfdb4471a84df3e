import assert from "node:assert/strict";
import { parseProvisioner, type ProvisionerStatus } from "../../api/provisioner.ts";
import { canonicalJson } from "../../kube/apply/canonical_json.ts";
import { readRecord, writeRecord } from "./record_status.ts";
import type { KeyRecord } from "./types.ts";

/** As the API server would give it back. */
function stored(record: KeyRecord): ProvisionerStatus {
  const status = JSON.parse(JSON.stringify(writeRecord(record, "ns")));
  const spec = { controlPlaneRef: { name: "coder" } };
  return parseProvisioner({ metadata: {}, spec, status }).status;
}

const full: KeyRecord = {
  present: {
    name: "prov-abcdef-ghijk",
    id: "key-1",
    organization: { name: "eng", id: "org-1" },
    tagsHash: "aa",
    valueHash: "bb",
    createdAt: "2026-01-01T00:00:00.123Z",
    home: {
      namespace: "coder-system",
      name: "coder",
      deploymentId: "7",
      url: "https://coder",
      tokenSecret: { namespace: "coder-system", name: "coder-operator-token", key: "token" },
    },
  },
  intents: [
    {
      step: "Retiring",
      since: "2026-01-01T00:00:00Z",
      name: "prov",
      id: "key-0",
      organization: { name: "default", id: "org-0" },
      tagsHash: "a3fd2d4d",
      valueHash: "cc",
      createdAt: "2025-01-01T00:00:00Z",
      home: {
        namespace: "ns",
        name: "old",
        deploymentId: "6",
        url: "http://old",
        tokenSecret: { name: "t" },
      },
    },
    {
      step: "Making",
      since: "2026-01-01T00:00:01Z",
      name: "prov-abcdef-lmnop",
      organization: { name: "eng" },
      rotation: "now",
      home: { namespace: "elsewhere", name: "coder" },
    },
  ],
  rotation: "before",
  changedAt: "2026-01-01T00:00:02Z",
  holds: [
    {
      notBefore: "2026-01-01T00:01:00Z",
      failures: 2,
      reason: "RateLimited",
      message: "wait",
      home: "ns/old",
      inputs: "ff",
    },
    { notBefore: "2026-01-01T00:01:00Z", failures: 1, reason: "X", message: "", home: "ns/coder" },
  ],
};

Deno.test("a record survives the status, its schema included", () => {
  assert.equal(canonicalJson(readRecord(stored(full), "ns")), canonicalJson(full));
});

Deno.test("an empty record leaves no field", () => {
  const status = stored({ intents: [], holds: [] });
  assert.deepEqual(status, {});
  assert.equal(canonicalJson(readRecord(status, "ns")), canonicalJson({ intents: [], holds: [] }));
});

Deno.test("the present key is where the Go operator and its readers have it", () => {
  const status = stored(full);
  assert.equal(status.provisionerKeyName, "prov-abcdef-ghijk");
  assert.equal(status.provisionerKeyID, "key-1");
  assert.equal(status.organizationName, "eng");
  assert.equal(status.organizationID, "org-1");
  assert.equal(status.tagsHash, "aa");
  assert.equal(status.controlPlaneRefName, "coder");
  assert.equal(status.controlPlaneURL, "https://coder");
});

Deno.test("a namespace is written only where it is another one", () => {
  assert.equal(stored(full).key?.controlPlaneNamespace, "coder-system");
  assert.equal(stored(full).keyIntents?.[0]?.controlPlaneNamespace, undefined);
  const here = { ...full.present!, home: { namespace: "ns", name: "coder" } };
  assert.equal(stored({ ...full, present: here }).key?.controlPlaneNamespace, undefined);
});

Deno.test("the status of the Go operator is read; what it leaves empty is unknown", () => {
  const status = {
    organizationID: "",
    organizationName: "default",
    provisionerKeyName: "prov",
    tagsHash: "811c9dc5",
    controlPlaneRefName: "coder",
  };
  assert.deepEqual(JSON.parse(canonicalJson(readRecord(status, "ns"))), {
    present: {
      name: "prov",
      organization: { name: "default" },
      tagsHash: "811c9dc5",
      home: { namespace: "ns", name: "coder" },
    },
    intents: [],
    holds: [],
  });
  assert.equal(readRecord({ ...status, provisionerKeyName: "" }, "ns").present, undefined);
  assert.equal(readRecord({ provisionerKeyName: "k" }, "ns").present?.organization.name, "");
});

Deno.test("intents of an unknown step and without a name are left alone", () => {
  const intent = { since: "2026-01-01T00:00:00Z", controlPlaneName: "coder" };
  const keyIntents = [
    { ...intent, name: "a", step: "Dancing" },
    { ...intent, name: "", step: "Making" },
    { ...intent, name: "b", step: "Undoing" },
  ];
  const { intents } = readRecord({ keyIntents }, "ns");
  assert.deepEqual(intents.map(({ name }) => name), ["b"]);
  assert.equal(intents[0]?.organization.name, "");
});

Deno.test("a retry without a count is the first", () => {
  const retries = [{ notBefore: "2026-01-01T00:00:00Z", reason: "X", controlPlane: "ns/coder" }];
  const [hold] = readRecord({ key: { retries } }, "ns").holds;
  assert.deepEqual([hold?.failures, hold?.message], [1, ""]);
});
