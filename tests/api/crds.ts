/** CRD manifests for tests: ours as they are, ours in a group of a test's own, and as the Go operator had them. */
import { parse } from "yaml";
import type { CustomResourceDefinition } from "../../src/api/kubernetes/types.ts";
import { type Cluster, RestError, waitFor } from "../cluster/mod.ts";

/** A schema node, read loosely. */
// deno-lint-ignore no-explicit-any -- tests look into schemas of any shape
export type Node = any;

/** The three plurals. */
export const PLURALS = ["codercontrolplanes", "coderprovisioners", "coderworkspaceproxies"] as const;
export type Plural = typeof PLURALS[number];

/** The path of a manifest, from the repository's root. */
export function crdPath(plural: Plural): string {
  return new URL(`../../crd/coder.com_${plural}.yaml`, import.meta.url).pathname;
}

const parsed = new Map<Plural, CustomResourceDefinition>();

/** One of our manifests, parsed: a copy of its own, which may be changed. */
export function readCrd(plural: Plural): CustomResourceDefinition {
  let crd = parsed.get(plural);
  if (crd === undefined) parsed.set(plural, crd = parse(Deno.readTextFileSync(crdPath(plural))));
  return structuredClone(crd)!;
}

/** The schema of the whole object. */
export function schemaOf(crd: CustomResourceDefinition): Node {
  return crd.spec.versions[0]?.schema?.openAPIV3Schema;
}

/**
 * The same definition in another group. Its names get a prefix and lose short names and categories, so that kubectl
 * still finds the shipped kinds by theirs.
 */
export function inGroup(crd: CustomResourceDefinition, group: string): CustomResourceDefinition {
  const { kind, plural, singular } = crd.spec.names;
  const names = {
    kind: `Test${kind}`,
    listKind: `Test${kind}List`,
    plural: `test${plural}`,
    singular: `test${singular}`,
  };
  return { ...crd, metadata: { name: `${names.plural}.${group}` }, spec: { ...crd.spec, group, names } };
}

/** Creates or changes the definitions and waits until the API server serves them. */
export async function install(cluster: Cluster, crds: readonly CustomResourceDefinition[]): Promise<void> {
  await cluster.apply(crds);
  for (const { spec } of crds) {
    await waitFor(
      () => cluster.find(`/apis/${spec.group}/${spec.versions[0]?.name}/${spec.names.plural}?limit=1`),
      {
        what: `${spec.names.plural}.${spec.group} to be served`,
      },
    );
  }
  // What kubectl finds kinds, their short names and categories by is put together a moment later.
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  await waitFor(async () => {
    const { items } = await cluster.request("GET", "/apis", undefined, { headers: { accept } });
    const known = new Set(
      items.flatMap(({ metadata, versions }: Node) =>
        versions.flatMap(({ resources = [] }: Node) =>
          resources.map(({ resource }: Node) => `${resource}.${metadata.name}`)
        )
      ),
    );
    return crds.every(({ spec }) => known.has(`${spec.names.plural}.${spec.group}`));
  }, { what: "the definitions to be discovered" });
}

/** Our three definitions as they are shipped. */
export function installCrds(cluster: Cluster): Promise<void> {
  return install(cluster, PLURALS.map(readCrd));
}

const SHIPPED = "coder.com";

/** Where the objects of a kind live in a namespace; in a group other than ours under their prefixed name. */
export function collection(plural: Plural, namespace: string, group = SHIPPED): string {
  const resource = group === SHIPPED ? plural : `test${plural}`;
  return `/apis/${group}/v1alpha1/namespaces/${namespace}/${resource}`;
}

/** An object of one of our kinds. */
export function object(plural: Plural, name: string, spec?: unknown, group = SHIPPED): Node {
  const shipped = readCrd(plural).spec.names.kind;
  const kind = group === SHIPPED ? shipped : `Test${shipped}`;
  return {
    apiVersion: `${group}/v1alpha1`,
    kind,
    metadata: { name },
    ...(spec === undefined ? {} : { spec }),
  };
}

/** One thing that the API server refused. */
export interface Cause {
  field: string;
  message: string;
}

/** Why the API server refused a call; empty where it accepted. Any failure but a refusal is thrown. */
export async function refusals(call: Promise<unknown>): Promise<Cause[]> {
  try {
    await call;
    return [];
  } catch (error) {
    if (!(error instanceof RestError) || error.status !== 422) throw error;
    return (error.body as { details: { causes: Cause[] } }).details.causes;
  }
}

/** Deletes the definitions, and with them their objects, when a test ends. */
export function removing(cluster: Cluster, group: string): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      for (const plural of PLURALS) {
        await cluster.request(
          "DELETE",
          `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/test${plural}.${group}`,
        );
      }
    },
  };
}
