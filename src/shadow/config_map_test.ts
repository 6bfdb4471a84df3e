import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import type { WishRecord } from "../actions/mod.ts";
import type { ChangeRecord } from "../actions/templates/mod.ts";
import type { ConfigMap } from "../api/kubernetes/types.ts";
import {
  addressOf,
  configMapOf,
  isOurs,
  MAX_BYTES,
  readConfigMap,
  type Records,
  uidOf,
  writeOf,
} from "./config_map.ts";
import { acme, changeOf, shadowOf, wishOf } from "./testing.ts";
import { type KeepingOwner, ShadowTooLargeError } from "./types.ts";

/** As the API server would give it back. */
function stored(object: ConfigMap): ConfigMap {
  const copy = structuredClone(object);
  Object.assign(copy.metadata, { uid: "cm-1", resourceVersion: "7" });
  return copy;
}

function shadow(record = shadowOf("a"), owner: KeepingOwner = acme): ConfigMap {
  return configMapOf(owner, addressOf("shadow", record), record, "write-1");
}

Deno.test("records of every sort are read as they were written", () => {
  const records: { [S in keyof Records]: Records[S] } = {
    shadow: shadowOf("a", "1", {
      spec: { parameters: [{ name: "a", value: "b" }], variables: null },
      parametersOf: "build",
      source: { commit: "c" },
      refusal: { reason: "Refused", message: "no", at: "2026-01-01T00:00:00Z" },
    }),
    wish: wishOf("box"),
    change: changeOf("t"),
  };
  const check = <S extends keyof Records>(sort: S, record: Records[S], kind: string, key: string) => {
    const kept = readConfigMap(stored(configMapOf(acme, addressOf(sort, record), record, "write-1")));
    deepEqual(kept, {
      address: { sort, kind, key },
      owner: "team/acme",
      uid: "uid-1",
      record,
      version: "7",
    });
  };
  check("shadow", records.shadow, "workspaces", "a");
  check("wish", records.wish, "workspaces", "owner-1.box");
  check("change", records.change, "templates", "t");
});

Deno.test("the ConfigMap goes with its control plane, and does not hold it up", () => {
  deepEqual(shadow().metadata.ownerReferences, [
    { apiVersion: "coder.com/v1alpha1", kind: "CoderControlPlane", name: "acme", uid: "uid-1" },
  ]);
  equal(uidOf(shadow()), "uid-1");
  const unowned = shadow(shadowOf("a"), { id: "static", namespace: "coder", uid: "" });
  equal(unowned.metadata.ownerReferences, undefined);
  equal(uidOf(unowned), "");
  equal(readConfigMap(stored(unowned)).owner, "static");
});

Deno.test("people can read what is in it, and of what it is", () => {
  const object = shadow();
  match(
    object.metadata.annotations?.["kubernetes.io/description"] ?? "",
    /the workspace jane\.a\. Kept by coder-k8s/,
  );
  equal(object.data?.["record"], `${JSON.stringify(shadowOf("a"), null, 2)}\n`);
  const described = (sort: "wish" | "change", record: WishRecord | ChangeRecord) =>
    configMapOf(acme, addressOf(sort, record as never), record as never, "").metadata.annotations?.[
      "kubernetes.io/description"
    ] ?? "";
  match(described("wish", wishOf("box")), /the workspace box/);
  match(described("change", changeOf("t")), /the version v-t/);
});

Deno.test("a writer knows its own writes again", () => {
  equal(writeOf(shadow()), "write-1");
  equal(writeOf({ apiVersion: "v1", kind: "ConfigMap", metadata: {} }), "");
  ok(isOurs(shadow()));
  ok(!isOurs({ apiVersion: "v1", kind: "ConfigMap", metadata: { labels: { a: "b" } } }));
});

Deno.test("what is read cannot be changed by mistake", () => {
  const { record } = readConfigMap(stored(shadow()));
  throws(() => ("kind" in record) && (record.metadata.labels!["label"] = "2"), TypeError);
});

Deno.test("what is too large is refused before anything is sent; large records are not laid out", () => {
  const withText = (length: number) =>
    shadow(shadowOf("a", "1", { metadata: { annotations: { last: "ü".repeat(length) } } }));
  throws(() => withText(MAX_BYTES / 2), (error) => {
    ok(error instanceof ShadowTooLargeError);
    match(
      error.message,
      /team\/coder-k8s-workspace-a-\w+ would have to hold \d+ bytes, and 921600 is the most/,
    );
    return true;
  });
  const large = withText(MAX_BYTES / 2 - 200);
  ok(!large.data?.["record"]?.includes("\n"));
  equal(readConfigMap(stored(large)).version, "7");
});

Deno.test("what cannot be read is said to be so, with the reason", () => {
  const spoilt = (change: (object: ConfigMap) => void) => {
    const object = stored(shadow());
    change(object);
    return () => readConfigMap(object);
  };
  const label = "aggregation.coder.com/keeps";
  throws(spoilt(({ metadata }) => metadata.labels![label] = "more"), /label aggregation\.coder\.com\/keeps/);
  throws(spoilt(({ metadata }) => delete metadata.labels), /label/);
  throws(
    spoilt(({ metadata }) => delete metadata.annotations),
    /no annotation aggregation\.coder\.com\/coder/,
  );
  throws(spoilt((object) => delete object.data), /data\.record is no JSON/);
  throws(spoilt(({ data }) => data!["record"] = "{"), /data\.record is no JSON/);
  throws(spoilt(({ data }) => data!["record"] = "null"), /data\.record: /);
  throws(
    spoilt(({ data }) => data!["record"] = JSON.stringify({ ...shadowOf("a"), id: 7 })),
    /data\.record: id: /,
  );
  throws(spoilt(({ metadata }) => metadata.labels![label] = "wish"), /data\.record: owner: /);
});

Deno.test("a copy under another name, of another object or in another namespace counts for nothing", () => {
  const moved = (change: (object: ConfigMap) => void) => {
    const object = stored(shadow());
    change(object);
    return () => readConfigMap(object);
  };
  const text = /of another object than its name says/;
  throws(moved(({ metadata }) => metadata.name += "-copy"), text);
  throws(moved(({ metadata }) => metadata.namespace = "other"), text);
  throws(moved(({ data }) => data!["record"] = JSON.stringify(shadowOf("b"))), text);
  throws(moved(({ metadata }) => metadata.annotations!["aggregation.coder.com/coder"] = "team/other"), text);
});
