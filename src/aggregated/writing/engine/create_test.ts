import assert from "node:assert/strict";
import { alreadyExists, forbidden } from "../../serving/status_errors.ts";
import { Gadgets } from "../../serving/testing/gadgets.ts";
import { WriteBench } from "../testing/bench.ts";
import { MAX_ATTEMPTS } from "../meta/generate_name.ts";
import { StaleError } from "../target.ts";

const body = (metadata: object, spec: object = { color: "red" }) => ({ metadata, spec });

Deno.test("an object is made as generation 1, with who made it", async () => {
  const bench = new WriteBench();
  const { code, object } = await bench.ask("create", "", body({ name: "a", labels: { x: "y" } }), {
    query: "fieldManager=me",
  });
  assert.equal(code, 201);
  assert.deepEqual([object?.metadata.generation, object?.metadata.namespace], [1, "n"]);
  assert.deepEqual(object?.metadata.managedFields, [{
    apiVersion: "gadgets.coder.test/v1alpha1",
    fieldsType: "FieldsV1",
    fieldsV1: {
      "f:metadata": { "f:labels": { ".": {}, "f:x": {} } },
      "f:spec": { ".": {}, "f:color": {} },
    },
    manager: "me",
    operation: "Update",
    time: "2026-03-01T10:00:00Z",
  }]);
  assert.deepEqual(await bench.find("a"), object);
  assert.deepEqual(bench.target.calls, ["admit", "create"]);
});

Deno.test("who does not say its name is known by its program", async () => {
  const bench = new WriteBench();
  const context = { userAgent: "kubectl/v1.35.0 (linux/amd64) kubernetes/1" };
  const { object } = await bench.ask("create", "", body({ name: "a" }), {}, context);
  assert.deepEqual(WriteBench.owners(object!), ["kubectl Update"]);
  const { object: other } = await bench.ask("create", "", body({ name: "b" }));
  assert.deepEqual(WriteBench.owners(other!), ["unknown Update"]);
});

Deno.test("a status that is sent is nobody's, and not stored", async () => {
  const bench = new WriteBench();
  const { object } = await bench.ask("create", "", { ...body({ name: "a" }), status: { phase: "On" } });
  assert.equal(object?.status, undefined);
  assert.doesNotMatch(JSON.stringify(object?.metadata.managedFields), /f:status/);
});

Deno.test("a name that is taken is refused, and a made one is made again", async () => {
  const numbers = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
  const bench = new WriteBench({ random: () => numbers.shift() ?? 2 });
  bench.put("made-bbbbb");
  const made = await bench.ask("create", "", body({ generateName: "made-" }));
  assert.deepEqual([made.code, made.object?.metadata.name], [201, "made-ccccc"]);
  assert.deepEqual(bench.target.calls, ["admit", "create", "create"]);
  const taken = await bench.ask("create", "", body({ name: "made-bbbbb" }));
  assert.deepEqual([taken.code, taken.reason], [409, "AlreadyExists"]);
});

Deno.test("names are not made for ever", async () => {
  const bench = new WriteBench({ random: () => 0 });
  bench.put("made-bbbbb");
  const { code, reason } = await bench.ask("create", "", body({ generateName: "made-" }));
  assert.deepEqual([code, reason], [409, "AlreadyExists"]);
  assert.equal(bench.target.calls.filter((call) => call === "create").length, MAX_ATTEMPTS);
});

Deno.test("what the kind fills in belongs to who makes the object, and sees the made name", async () => {
  const bench = new WriteBench({ random: () => 0 });
  bench.target.defaulted = (object) => ({
    ...object,
    spec: { ...object.spec, color: object.metadata.name === "made-bbbbb" ? "green" : "blue" },
  });
  const { object } = await bench.ask("create", "", body({ generateName: "made-" }, {}), {
    query: "fieldManager=me",
  });
  assert.equal(object?.spec.color, "green");
  assert.match(JSON.stringify(object?.metadata.managedFields), /f:color/);
});

Deno.test("nothing reaches the kind that breaks a rule of Kubernetes, of the schema, or of its own", async () => {
  const bench = new WriteBench();
  bench.target.causes = ({ spec }, before) => {
    assert.equal(before, undefined);
    return spec.size === 13 ? [{ field: "spec.size", message: "brings bad luck" }] : [];
  };
  const wrong = await bench.ask("create", "", body({ name: "a", labels: { "a b": "" } }, { color: "pink" }));
  assert.deepEqual([wrong.code, wrong.reason], [422, "Invalid"]);
  assert.deepEqual(wrong.causes, ["FieldValueInvalid metadata.labels", "FieldValueNotSupported spec.color"]);
  const unlucky = await bench.ask("create", "", body({ name: "a" }, { color: "red", size: 13 }));
  assert.deepEqual([unlucky.code, unlucky.causes], [422, ["FieldValueInvalid spec.size"]]);
  assert.match(unlucky.message, /spec\.size: brings bad luck$/);
  assert.deepEqual(bench.target.calls, ["admit", "admit"]);
});

Deno.test("where nothing can be made nothing is looked at", async () => {
  const bench = new WriteBench();
  bench.target.hook = () => {
    throw forbidden("jane", { verb: "create", group: "", resource: "gadgets" });
  };
  assert.equal((await bench.ask("create", "", "no JSON")).code, 403);
  assert.deepEqual(bench.target.calls, ["admit"]);
});

Deno.test("what clients should do better is told and taken", async () => {
  const bench = new WriteBench();
  const metadata = { name: "a", finalizers: ["plain"] };
  const { code, warnings } = await bench.ask("create", "", body(metadata, { color: "red", colour: "red" }));
  assert.equal(code, 201);
  assert.deepEqual(warnings.length, 2);
  assert.equal(warnings[0], 'unknown field "spec.colour"');
  assert.match(warnings[1]!, /domain-qualified finalizer/);
  const strict = await bench.ask("create", "", body({ name: "b" }, { color: "red", colour: "red" }), {
    query: "fieldValidation=Strict",
  });
  assert.equal(strict.code, 400);
});

Deno.test("a dry run checks everything, and makes nothing", async () => {
  const bench = new WriteBench();
  const query = "dryRun=All";
  const { code, object } = await bench.ask("create", "", body({ name: "a" }), { query });
  assert.deepEqual([code, object?.metadata.name], [201, "a"]);
  assert.equal(await bench.find("a"), undefined);
  bench.put("b");
  assert.equal((await bench.ask("create", "", body({ name: "b" }), { query })).reason, "AlreadyExists");
});

Deno.test("a create that was overtaken is tried again, and other errors are the client's", async () => {
  const bench = new WriteBench();
  let stale = 2;
  bench.target.hook = (call) => {
    if (call === "create" && stale-- > 0) throw new StaleError("overtaken");
  };
  assert.equal((await bench.ask("create", "", body({ name: "a" }))).code, 201);
  bench.target.hook = (call) => {
    if (call === "create") throw alreadyExists(Gadgets, "b");
  };
  assert.equal((await bench.ask("create", "", body({ name: "b" }))).reason, "AlreadyExists");
});
