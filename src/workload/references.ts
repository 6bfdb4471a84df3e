/** Which ConfigMaps and Secrets pods are made from. */
import type { Container, PodTemplateSpec, Volume } from "../api/kubernetes/types.ts";

/** One of them, in the namespace of the pods. */
export interface Reference {
  kind: "ConfigMap" | "Secret";
  name: string;
  /** The keys that are used; undefined means all of them. */
  keys: readonly string[] | undefined;
  /** Pods start without it, too. */
  optional: boolean;
}

/** Every object that containers or volumes name, each once, in a fixed order. Blank names are left out. */
export function referencesOf({ spec }: PodTemplateSpec): Reference[] {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const all = [...containers.flatMap(ofContainer), ...(spec?.volumes ?? []).flatMap(ofVolume)];
  const merged = new Map<string, Reference>();
  for (const one of all) {
    const id = referenceId(one);
    const known = merged.get(id);
    merged.set(id, known === undefined ? one : together(known, one));
  }
  return [...merged.entries()].sort(([a], [b]) => a < b ? -1 : 1).map(([, one]) => one);
}

/** `Secret/name`: unique within a namespace. */
export function referenceId({ kind, name }: Pick<Reference, "kind" | "name">): string {
  return `${kind}/${name}`;
}

function together(a: Reference, b: Reference): Reference {
  const keys = a.keys === undefined || b.keys === undefined
    ? undefined
    : [...new Set([...a.keys, ...b.keys])];
  return { ...a, keys: keys?.sort(), optional: a.optional && b.optional };
}

/** As Kubernetes has it in many places; `keys` undefined means all. */
function reference(
  kind: Reference["kind"],
  name: string | undefined,
  optional: boolean | undefined,
  keys?: readonly string[],
): Reference[] {
  const trimmed = name?.trim() ?? "";
  return trimmed === "" ? [] : [{ kind, name: trimmed, keys, optional: optional === true }];
}

function ofContainer({ env = [], envFrom = [] }: Container): Reference[] {
  return [
    ...envFrom.flatMap(({ configMapRef, secretRef }) => [
      ...reference("ConfigMap", configMapRef?.name, configMapRef?.optional),
      ...reference("Secret", secretRef?.name, secretRef?.optional),
    ]),
    ...env.flatMap(({ valueFrom }) => {
      const { configMapKeyRef, secretKeyRef } = valueFrom ?? {};
      return [
        ...(configMapKeyRef === undefined ? [] : reference(
          "ConfigMap",
          configMapKeyRef.name,
          configMapKeyRef.optional,
          [configMapKeyRef.key],
        )),
        ...(secretKeyRef === undefined
          ? []
          : reference("Secret", secretKeyRef.name, secretKeyRef.optional, [secretKeyRef.key])),
      ];
    }),
  ];
}

type Items = readonly { key: string }[] | undefined;

function ofVolume({ configMap, secret, projected }: Volume): Reference[] {
  return [
    ...reference("ConfigMap", configMap?.name, configMap?.optional, keysOf(configMap?.items)),
    ...reference("Secret", secret?.secretName, secret?.optional, keysOf(secret?.items)),
    ...(projected?.sources ?? []).flatMap((source) => [
      ...reference(
        "ConfigMap",
        source.configMap?.name,
        source.configMap?.optional,
        keysOf(source.configMap?.items),
      ),
      ...reference("Secret", source.secret?.name, source.secret?.optional, keysOf(source.secret?.items)),
    ]),
  ];
}

/** No items means every key. */
function keysOf(items: Items): string[] | undefined {
  return items === undefined || items.length === 0 ? undefined : items.map(({ key }) => key).sort();
}
