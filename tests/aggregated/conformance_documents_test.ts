/** What programs learn of our kinds before they ask for objects: the same as of custom resources. */
import assert from "node:assert/strict";
import { sharedCluster, waitFor } from "../cluster/mod.ts";
import { placesOf } from "./conformance/compare.ts";
import {
  definitionName,
  discoveredGroup,
  type Document,
  operationsOf,
  read,
  withoutGroup,
} from "./conformance/documents.ts";
import { normalized } from "./conformance/normal_form.ts";
import { type Twin, Twins } from "./conformance/twins.ts";

Deno.test("discovery and OpenAPI tell of our kinds what they tell of custom resources", async (t) => {
  const cluster = await sharedCluster();
  await using rig = await Twins.start(cluster);
  const { crd, front, direct } = rig.twins;
  const same = (wanted: unknown, got: unknown) => {
    const places = placesOf(wanted, got);
    if (places.length > 0) assert.fail(`\n${places.join("\n")}`);
  };

  await t.step("aggregated discovery has the same of both", async () => {
    // Discovery hears of a kind a moment after it is served.
    const of = async (twin: Twin) => {
      const isCurrent = ({ freshness }: Document) => freshness === "Current";
      const group = await waitFor(async () => {
        const found: Document = await discoveredGroup(twin);
        return found.versions.every(isCurrent) ? found : undefined;
      }, { what: `${twin.group} to be discovered`, timeoutMs: 120_000 });
      return normalized(group, twin);
    };
    same(await of(crd), await of(front));
    same(await of(crd), await of(direct));
  });

  const sameFields = (wanted: Document, got: Document) => {
    same(wanted["x-kubernetes-group-version-kind"], got["x-kubernetes-group-version-kind"]);
    same(wanted.properties.spec, got.properties.spec);
    const [left, right] = [wanted, got].map(({ properties: { status } }) => structuredClone(status));
    // Built-in kinds refer to the structure that all share; a custom resource has no means to.
    assert.match(right.properties.conditions.items.$ref, /\.meta\.v1\.Condition$/);
    for (const { properties: { conditions } } of [left, right]) delete conditions.items;
    same(left, right);
  };
  const KIND = "GROUP.v1alpha1.Gadget";

  await t.step("OpenAPI version 3 has the same ways to read and write, and the same fields", async () => {
    const of = async (twin: Twin) =>
      withoutGroup(
        await waitFor(() => read(twin, "/openapi/v3{root}").catch(() => undefined), {
          what: `the document of ${twin.group}`,
          timeoutMs: 150_000,
          intervalMs: 500,
        }),
        twin,
      );
    const wanted = await of(crd);
    for (const twin of [front, direct]) {
      const got = await of(twin);
      same(operationsOf(wanted), operationsOf(got));
      const [left, right] = [wanted, got].map(({ components }) => components.schemas);
      sameFields(left[KIND], right[KIND]);
      same(left[`${KIND}List`].required, right[`${KIND}List`].required);
    }
  });

  await t.step("OpenAPI version 2 has the same fields of both in its one document", async () => {
    const [wanted, got] = await waitFor(async () => {
      const { definitions } = await cluster.request("GET", "/openapi/v2");
      const found = [crd, front].map((twin) => definitions[definitionName(twin)]);
      return found.every((definition) => definition !== undefined)
        ? [withoutGroup(found[0], crd), withoutGroup(found[1], front)]
        : undefined;
    }, { what: "the API server to know both in version 2", timeoutMs: 150_000, intervalMs: 1_000 });
    sameFields(wanted, got);
    const { definitions } = withoutGroup(await read(direct, "/openapi/v2"), direct);
    sameFields(wanted, definitions[KIND]);
  });
});
