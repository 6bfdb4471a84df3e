import { deepEqual, ok } from "node:assert/strict";
import { runLanes } from "../../scripts/lib/lanes.ts";
import { ensureTools } from "../cluster/tools.ts";
import { render, type Rendered } from "./helm.ts";
import { type Comparable, comparableChart, comparableManifests, kustomized, Manifests } from "./parity.ts";
import { COMPONENT_NAMES, productVariants, sessionVariants } from "./variants.ts";

const root = new URL("../../", import.meta.url).pathname;

/** Components that are no value of their own, and why. */
const NO_VALUE: Readonly<Record<string, string>> = {
  "split-accounts": "mode split has it",
};

const isCrd = ({ kind }: Rendered) => kind === "CustomResourceDefinition";

function same(chart: Comparable, manifests: Comparable, name: string): void {
  deepEqual(Object.keys(chart), Object.keys(manifests), name);
  for (const [key, object] of Object.entries(manifests)) deepEqual(chart[key], object, `${name}: ${key}`);
}

Deno.test("the chart and Kustomize make the same objects, in each shape with each component", async () => {
  const { path } = await ensureTools();
  await using manifests = await Manifests.open(path.kubectl);
  const variants = productVariants();
  ok(variants.length > 30, String(variants.length));
  // Two at a time: each is two programs that compute.
  await runLanes([1, 2], variants, async (variant) => {
    const wanted = comparableManifests(await manifests.render(variant));
    ok(Object.keys(wanted).length > 20, variant.name);
    same(
      comparableChart(await render({ ...variant.values, crds: { install: false } })),
      wanted,
      variant.name,
    );
  });
});

Deno.test("the chart and Kustomize make the same objects of sandbox sessions", async () => {
  const { path } = await ensureTools();
  await using manifests = await Manifests.open(path.kubectl);
  await runLanes([1, 2], sessionVariants(), async (variant) => {
    const wanted = comparableManifests(await manifests.render(variant));
    const chart = await render({ ...variant.values, crds: { install: false } });
    const [namespace] = Object.values(wanted as Record<string, Rendered>).map(({ metadata }) =>
      metadata.namespace
    )
      .filter((name) => name !== undefined);
    const own = chart.filter(({ kind, metadata }) =>
      metadata.namespace === namespace || (kind === "Namespace" && metadata.name === namespace)
    );
    same(comparableChart(own), wanted, variant.name);
  });
});

Deno.test("the chart's CRDs are those of crd/", async () => {
  const { path } = await ensureTools();
  const crds = (await render()).filter(isCrd);
  deepEqual(crds.length, 3);
  same(comparableChart(crds), comparableManifests(await kustomized(path.kubectl, `${root}crd`)), "CRDs");
});

Deno.test("every component of deploy/ is in the chart, or it is said why not", async () => {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(`${root}deploy/components`)) names.push(name);
  deepEqual(names.sort(), [...COMPONENT_NAMES, ...Object.keys(NO_VALUE)].sort());
});
