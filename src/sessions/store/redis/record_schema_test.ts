import assert from "node:assert/strict";
import type { WorkspacePlace } from "../../types.ts";
import { record } from "../suite.ts";
import { recordJson, recordOf } from "./record_schema.ts";

const PLACE: WorkspacePlace = {
  coder: "c",
  namespace: "n",
  controlPlane: "",
  workspaceId: "w",
  workspace: "ann/dev",
  ownerId: "o",
  agent: "main",
  directory: "",
  files: "scratch",
};
const fieldsOf = (given: ReturnType<typeof record>) => [
  recordJson(given),
  String(given.version),
  String(given.lastUsedAt),
  String(given.expiresAt),
];

Deno.test("a record is read as it was written, in a workspace too, and cannot be changed", () => {
  for (
    const given of [record({ labels: { a: "1" }, metadata: { "ü": "\0😀" } }), record({ workspace: PLACE })]
  ) {
    const read = recordOf(fieldsOf(given));
    assert.deepEqual(read, given);
    assert.throws(() => Object.assign(read, { owner: "bob" }), TypeError);
    assert.throws(() => Object.assign(read.labels, { a: "2" }), TypeError);
    assert.throws(() => Object.assign(read.limits, { cpuMs: 1 }), TypeError);
  }
});

Deno.test("what a newer version has put in stays in when this one writes it", () => {
  const newer = { ...record(), colour: "red", limits: { ...record().limits, gpus: 2 } };
  const read = recordOf(fieldsOf(newer));
  const again = JSON.parse(recordJson({ ...read, reason: "x" }));
  assert.equal(again.colour, "red");
  assert.equal(again.limits.gpus, 2);
});

Deno.test("what is no record is none", () => {
  const good = fieldsOf(record());
  const json = JSON.parse(good[0]!);
  const bad = (fields: unknown) => assert.throws(() => recordOf(fields), Error, JSON.stringify(fields));
  for (const fields of [undefined, null, "x", [], good.slice(1), [null, ...good.slice(1)]]) bad(fields);
  bad(["{", ...good.slice(1)]);
  bad(["null", ...good.slice(1)]);
  for (const number of ["", "x", "-1", "1e400", "NaN", null]) bad([good[0], number, good[2], good[3]]);
  for (const key of Object.keys(json)) {
    if (key === "workspace") continue;
    const { [key]: _gone, ...rest } = json;
    bad([JSON.stringify(rest), ...good.slice(1)]);
    bad([JSON.stringify({ ...json, [key]: { a: [] } }), ...good.slice(1)]);
  }
  bad([JSON.stringify({ ...json, state: "odd" }), ...good.slice(1)]);
  bad([JSON.stringify({ ...json, workspace: { ...PLACE, files: "odd" } }), ...good.slice(1)]);
});
