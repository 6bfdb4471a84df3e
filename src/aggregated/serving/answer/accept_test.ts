import assert from "node:assert/strict";
import { StatusError } from "../status_errors.ts";
import {
  acceptsJson,
  type Form,
  negotiate,
  parseAccept,
  prefersYaml,
  type Shape,
  wantsPretty,
} from "./accept.ts";

const form = (header: string | undefined, shape: Shape = "object", query = ""): Form =>
  negotiate(header, shape, new URLSearchParams(query));

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

Deno.test("JSON is what is answered to who accepts it, or anything, or does not say", () => {
  for (
    const header of [
      undefined,
      "",
      "application/json",
      "*/*",
      "application/*",
      "application/json;charset=utf-8",
      "text/html, application/json;q=0.5",
      "APPLICATION/JSON",
    ]
  ) {
    assert.deepEqual(form(header), { as: "object" }, String(header));
  }
});

Deno.test("what kubectl sends for a table gets a table", () => {
  const kubectl = `${TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`;
  for (const shape of ["object", "list", "watch"] as const) {
    assert.deepEqual(form(kubectl, shape), { as: "table", includeObject: "Metadata" });
  }
  assert.deepEqual(form(TABLE, "list", "includeObject=Object"), { as: "table", includeObject: "Object" });
  assert.deepEqual(form(TABLE, "list", "includeObject=None"), { as: "table", includeObject: "None" });
  assert.throws(
    () => form(TABLE, "list", "includeObject=All"),
    (error: unknown) =>
      error instanceof StatusError && error.code === 400 && error.message.startsWith("includeObject must be"),
  );
});

Deno.test("what the garbage collector and the quota controller send gets metadata alone", () => {
  const of = (as: string) =>
    `application/vnd.kubernetes.protobuf;as=${as};g=meta.k8s.io;v=v1,application/json;as=${as};g=meta.k8s.io;v=v1,application/json`;
  assert.deepEqual(form(of("PartialObjectMetadataList"), "list"), { as: "metadata" });
  assert.deepEqual(form(of("PartialObjectMetadata"), "object"), { as: "metadata" });
  assert.deepEqual(form(of("PartialObjectMetadata"), "watch"), { as: "metadata" });
  assert.deepEqual(form(of("PartialObjectMetadata"), "list"), { as: "object" });
});

Deno.test("the form that is liked best comes first; the order decides between equals", () => {
  assert.deepEqual(form(`application/json;q=0.4,${TABLE};q=0.9`, "list"), {
    as: "table",
    includeObject: "Metadata",
  });
  assert.deepEqual(form(`application/json,${TABLE}`, "list"), { as: "object" });
  assert.deepEqual(form(`${TABLE};q=0,application/json`, "list"), { as: "object" });
});

Deno.test("objects, lists and tables are there as YAML, watches are not", () => {
  const table = { as: "table", includeObject: "Metadata", yaml: true };
  assert.deepEqual(form("application/yaml"), { as: "object", yaml: true });
  assert.deepEqual(form("application/json;q=0.5,application/yaml", "list"), { as: "object", yaml: true });
  assert.deepEqual(form(TABLE.replace("json", "yaml"), "list"), table);
  assert.deepEqual(form("application/json,application/yaml"), { as: "object" });
  assert.throws(
    () => form("application/yaml", "watch"),
    (error: unknown) => error instanceof StatusError && error.code === 406 && !error.message.includes("yaml"),
  );
});

Deno.test("who likes YAML better than JSON gets refusals in it, too", () => {
  for (const header of ["application/yaml", "text/html,application/yaml,*/*;q=0.1", "Application/YAML"]) {
    assert.equal(prefersYaml(header), true, header);
  }
  for (const header of [undefined, "", "*/*", "application/json,application/yaml", "application/yaml;q=0"]) {
    assert.equal(prefersYaml(header), false, String(header));
  }
});

Deno.test("forms that there are not are not acceptable, and the refusal lists those that there are", () => {
  const bad = [
    "application/vnd.kubernetes.protobuf",
    "text/html",
    "application/json;as=Table;v=v2;g=meta.k8s.io",
    "application/json;as=Table",
    "application/json;as=Wonder;g=meta.k8s.io;v=v1",
    "application/json;q=0",
    "application/json;q=x",
    ";",
    ",",
    "a".repeat(5_000),
  ];
  for (const header of bad) {
    assert.throws(
      () => form(header, "list"),
      (error: unknown) =>
        error instanceof StatusError && error.code === 406 &&
        error.message.includes("as=PartialObjectMetadataList"),
      header.slice(0, 60),
    );
  }
});

Deno.test("plain JSON is accepted by who accepts it without further ado", () => {
  for (const header of [undefined, "", "*/*", "application/json", "text/plain, */*;q=0.1"]) {
    assert.equal(acceptsJson(header), true, String(header));
  }
  for (const header of ["text/html", TABLE, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"]) {
    assert.equal(acceptsJson(header), false, header);
  }
});

Deno.test("a header of any length and content is read, up to a point", () => {
  assert.equal(parseAccept("a/b,".repeat(1_000)).length, 32);
  assert.deepEqual(parseAccept("x".repeat(4_097)), []);
  assert.deepEqual([...parseAccept("a/b; K = v ;flag")[0]!.parameters], [["k", "v"], ["flag", ""]]);
});

Deno.test("people get indented answers, programs do not", () => {
  const wants = (query: string, agent?: string) => wantsPretty(new URLSearchParams(query), agent);
  assert.deepEqual([wants("", "curl/8.5.0"), wants("", "Mozilla/5.0 (X11)"), wants("", "Wget/1.21")], [
    true,
    true,
    true,
  ]);
  assert.deepEqual([
    wants("", "kubectl/v1.34"),
    wants(""),
    wants("pretty=0", "curl/8"),
    wants("pretty=False", "curl/8"),
  ], [false, false, false, false]);
  assert.deepEqual([wants("pretty=1", "kubectl"), wants("pretty"), wants("pretty=true")], [true, true, true]);
});
