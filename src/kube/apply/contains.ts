/** Does the live object already say what the desired one says? Compared by meaning, as server-side apply would merge. */
import type { KubeObject } from "../../api/object.ts";
import { canonicalJson, shortHash } from "./canonical_json.ts";
import { below, type FieldSchema, fieldSchemaOf, itemKey } from "./field_schema.ts";
import { sameQuantity } from "./quantity.ts";

/** One place where the live object does not carry what is desired. Holds no values: they may be secret. */
export interface Difference {
  /** As people write it: `spec.template.spec.containers[name=coder].image`. */
  readonly path: string;
  /** A short hash of what is there now. */
  readonly liveHash: string;
}

/** True where `live` carries all of `desired`; what else it carries does not matter. */
export function contains(live: KubeObject, desired: KubeObject): boolean {
  return differences(live, desired).length === 0;
}

/**
 * Every place where `live` does not carry what `desired` says. Fields that `desired` leaves out are not looked at, except
 * inside values that the API server treats as one (atomic lists, selectors, references). An empty desired value (null,
 * "", 0, false, [], {}) equals an absent one, but for fields where presence has a meaning of its own.
 * `apiVersion` and `kind` are taken for granted.
 */
export function differences(live: KubeObject, desired: KubeObject): Difference[] {
  const walk = new Walk(fieldSchemaOf(desired));
  const { apiVersion: _version, kind: _kind, ...fields } = desired;
  walk.map(live as unknown as Fields, fields as Fields, { text: "", schema: "", name: "" }, false);
  return walk.found;
}

type Fields = Record<string, unknown>;

/** A place: for people, and for the schema tables. */
interface Place {
  readonly text: string;
  readonly schema: string;
  /** The last field name; empty for a list item, {@linkcode anyEntry} for an entry of a map with free keys. */
  readonly name: string;
}

const anyEntry = "*";

/** Maps with free keys: there an entry with an empty value is not the same as no entry. */
const freeMaps: ReadonlySet<string> = new Set([
  "annotations",
  "binaryData",
  "data",
  "labels",
  "limits",
  "matchLabels",
  "nodeSelector",
  "requests",
]);

class Walk {
  readonly found: Difference[] = [];

  constructor(private readonly schema: FieldSchema) {}

  map(live: Fields, desired: Fields, at: Place, exact: boolean): void {
    const entries = freeMaps.has(at.name);
    for (const [name, value] of Object.entries(desired)) {
      this.value(live[name], value, field(at, name, entries), exact);
    }
    if (!exact) return;
    for (const [name, value] of Object.entries(live)) {
      if (
        desired[name] === undefined && !isEmpty(value, entries ? anyEntry : name) && !isDefault(name, value)
      ) {
        this.#add(field(at, name), value);
      }
    }
  }

  value(live: unknown, desired: unknown, at: Place, exact: boolean): void {
    if (desired === undefined) return;
    if (live === undefined || live === null || desired === null) {
      const present = desired === null ? live : desired;
      if (present !== undefined && present !== null && !isEmpty(present, at.name)) this.#add(at, live);
      return;
    }
    if (Array.isArray(desired)) {
      if (Array.isArray(live)) this.#list(live, desired, at, exact);
      else this.#add(at, live);
    } else if (typeof desired === "object") {
      if (typeof live !== "object" || Array.isArray(live)) this.#add(at, live);
      else this.map(live as Fields, desired as Fields, at, exact || this.schema.isAtomicMap(at.schema));
    } else if (live !== desired && !(this.schema.isQuantity(at.schema) && sameQuantity(live, desired))) {
      this.#add(at, live);
    }
  }

  #list(live: readonly unknown[], desired: readonly unknown[], at: Place, exact: boolean): void {
    const type = this.schema.list(at.schema);
    if (exact || type.type === "atomic") {
      if (live.length !== desired.length) return this.#add(at, live);
      desired.forEach((item, i) =>
        this.value(live[i], item, { ...at, text: `${at.text}[${i}]`, name: "" }, true)
      );
    } else if (type.type === "set") {
      const there = new Set(live.map(canonicalJson));
      if (desired.some((item) => !there.has(canonicalJson(item)))) this.#add(at, live);
    } else {
      this.#mapList(live, desired, type.keys, at);
    }
  }

  #mapList(live: readonly unknown[], desired: readonly unknown[], keys: readonly string[], at: Place): void {
    const places = new Map(live.map((item, index) => [canonicalJson(itemKey(item, keys)), index]));
    let last = -1;
    let ordered = true;
    for (const item of desired) {
      const key = itemKey(item, keys);
      const index = places.get(canonicalJson(key));
      const place = { ...at, text: `${at.text}[${keyText(key)}]`, name: "" };
      if (index === undefined) {
        this.#add(place, undefined);
        continue;
      }
      ordered &&= index > last;
      last = index;
      this.value(live[index], item, place, false);
    }
    // Environment variables refer to those before them, so the order of our items counts; others may stand between.
    if (!ordered) this.#add({ ...at, text: `${at.text}[order]` }, [...places.keys()]);
  }

  #add(at: Place, live: unknown): void {
    this.found.push({ path: at.text, liveHash: live === undefined ? "" : shortHash(live) });
  }
}

/** Optional fields whose zero value says something else than their absence, so that taking it away is a change. */
const presenceMatters: ReadonlySet<string> = new Set([
  anyEntry,
  "activeDeadlineSeconds",
  "allocateLoadBalancerNodePorts",
  "allowPrivilegeEscalation",
  "automountServiceAccountToken",
  "backoffLimit",
  "blockOwnerDeletion",
  "controller",
  "defaultMode",
  "emptyDir",
  "enableServiceLinks",
  "expirationSeconds",
  "fsGroup",
  "hostUsers",
  "immutable",
  "maxSurge",
  "maxUnavailable",
  "minAvailable",
  "namespaceSelector",
  "optional",
  "podSelector",
  "priority",
  "privileged",
  "progressDeadlineSeconds",
  "readOnlyRootFilesystem",
  "replicas",
  "revisionHistoryLimit",
  "runAsGroup",
  "runAsNonRoot",
  "runAsUser",
  "setHostnameAsFQDN",
  "shareProcessNamespace",
  "terminationGracePeriodSeconds",
  "tolerationSeconds",
  "ttlSecondsAfterFinished",
  "weight",
]);

/** What the API server leaves out of an object, or may. */
function isEmpty(value: unknown, name: string): boolean {
  if (value === null || value === undefined) return true;
  if (presenceMatters.has(name)) return false;
  if (freeMaps.has(name) && typeof value === "object") return Object.keys(value).length === 0;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === "object") return Object.entries(value).every(([key, item]) => isEmpty(item, key));
  return value === "" || value === 0 || value === false;
}

/** Defaults that the API server writes into values that are otherwise compared as one. */
const defaults: Readonly<Record<string, readonly string[]>> = {
  apiVersion: ['"v1"'],
  defaultMode: ["420"],
  divisor: ['"0"'],
  expirationSeconds: ["3600"],
  // Gateway API: parent and backend references, and the match of a rule that names none.
  group: ['"gateway.networking.k8s.io"'],
  kind: ['"Gateway"', '"Service"'],
  matches: ['[{"path":{"type":"PathPrefix","value":"/"}}]'],
  protocol: ['"TCP"'],
  scheme: ['"HTTP"'],
  weight: ["1"],
};

function isDefault(name: string, value: unknown): boolean {
  return Object.hasOwn(defaults, name) && (defaults[name]?.includes(canonicalJson(value)) ?? false);
}

function field(at: Place, name: string, entry = false): Place {
  return { text: below(at.text, name), schema: below(at.schema, name), name: entry ? anyEntry : name };
}

function keyText(key: Fields | undefined): string {
  return Object.entries(key ?? {}).map(([name, value]) => `${name}=${String(value)}`).join(",");
}
