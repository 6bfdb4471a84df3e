import assert from "node:assert/strict";
import { sharedCluster } from "../cluster/mod.ts";
import { collection, installCrds, type Node, object, PLURALS, readCrd, refusals, schemaOf } from "./crds.ts";
import { nameCases, ruleCases } from "./rules.ts";
import { together } from "./together.ts";

/** `spec.tls.secretNames[0]` → `spec.tls.secretNames[]`. */
const general = (field: string) => field.replace(/\[\d+\]/g, "[]");

Deno.test("each rule of the CRDs accepts what is right and refuses what is wrong, naming the field", async (t) => {
  const cluster = await sharedCluster();
  await installCrds(cluster);
  const namespace = await cluster.newNamespace("rules");
  const create = (plural: typeof PLURALS[number], name: string, spec: unknown) =>
    refusals(
      cluster.request("POST", `${collection(plural, namespace)}?dryRun=All`, object(plural, name, spec)),
    );
  const outcomes = await together(ruleCases, async ({ plural, field, accepted, refused }) => {
    for (const spec of accepted) {
      assert.deepEqual(await create(plural, "rule", spec), [], `${JSON.stringify(spec)} must be accepted`);
    }
    for (const spec of refused) {
      const causes = await create(plural, "rule", spec);
      const fields = causes.map((cause) => general(cause.field));
      assert.ok(
        fields.includes(field),
        `${JSON.stringify(spec)} must be refused at ${field}: ${JSON.stringify(causes)}`,
      );
    }
  });
  for (const [index, { plural, field }] of ruleCases.entries()) {
    await t.step(`${plural} ${field}`, () => outcomes[index]!());
  }
  for (const { plural, accepted, refused, spec } of nameCases) {
    await t.step(`${plural} metadata.name`, async () => {
      for (const name of accepted) assert.deepEqual(await create(plural, name, spec), [], name);
      for (const name of refused) {
        const causes = await create(plural, name, spec);
        assert.match(causes.map((cause) => cause.message).join(), /metadata\.name/, name);
      }
    });
  }
});

Deno.test("a CoderControlPlane without a spec is accepted, as it always was", async () => {
  const cluster = await sharedCluster();
  await installCrds(cluster);
  const namespace = await cluster.newNamespace("rules");
  const created = await cluster.request(
    "POST",
    `${collection("codercontrolplanes", namespace)}?dryRun=All`,
    object("codercontrolplanes", "bare"),
  );
  assert.equal(created.spec, undefined);
});

Deno.test("every limit in the schemas of spec has a case above", () => {
  const covered = new Set(ruleCases.map(({ plural, field }) => `${plural} ${field}`));
  const missing = PLURALS.flatMap((plural) =>
    limits(schemaOf(readCrd(plural)).properties.spec, "spec").map((path) => `${plural} ${path}`)
  ).filter((path) => !covered.has(path));
  assert.deepEqual(missing, []);
});

/** The fields that carry a limit, as refusals name them. The map of labels is tried with one key. */
function limits(node: Node, path: string): string[] {
  const keys = ["pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "enum"];
  const here = !node["x-kubernetes-int-or-string"] && keys.some((key) => node[key] !== undefined)
    ? [path]
    : [];
  const rules = (node["x-kubernetes-validations"] ?? []).map((rule: Node) =>
    `${path}${rule.fieldPath ?? ""}`
  );
  const children = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    limits(child, `${path}.${name}`)
  );
  const items = node.items ? limits(node.items, `${path}[]`) : [];
  const values = typeof node.additionalProperties === "object"
    ? limits(node.additionalProperties, `${path}.team`)
    : [];
  return [...here, ...rules, ...children, ...items, ...values];
}
