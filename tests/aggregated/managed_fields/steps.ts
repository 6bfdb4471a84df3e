/** Random writes by several managers, few enough values that they meet. */
import { below, pick } from "../../../src/telemetry/testing/random.ts";
import type { KubeObject } from "../../../src/api/object.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** One write. */
export type Step =
  | { readonly verb: "create"; readonly manager: string; readonly body: JsonObject }
  | {
    readonly verb: "replace";
    readonly manager: string;
    readonly body: JsonObject;
    readonly subresource: string;
  }
  | {
    readonly verb: "patch";
    readonly manager: string;
    readonly body: JsonObject;
    readonly subresource: string;
  }
  | {
    readonly verb: "apply";
    readonly manager: string;
    readonly body: JsonObject;
    readonly subresource: string;
    readonly force: boolean;
  }
  | { readonly verb: "delete"; readonly body: JsonObject };

/** A write as a request. */
export interface StepCall {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE";
  /** Empty for a create. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: string;
}

const METHODS = { create: "POST", replace: "PUT", patch: "PATCH", apply: "PATCH", delete: "DELETE" } as const;
const TYPES: Partial<Record<Step["verb"], string>> = {
  patch: "application/merge-patch+json",
  apply: "application/apply-patch+yaml",
};

/** @param current as it is at the server that is asked: who replaces says its version */
export function callOf(step: Step, name: string, current: KubeObject | undefined): StepCall {
  const resourceVersion = current?.metadata.resourceVersion ?? "";
  const body = step.verb === "replace"
    ? { ...step.body, metadata: { ...step.body["metadata"] as JsonObject, resourceVersion } }
    : step.body;
  return {
    method: METHODS[step.verb],
    name: step.verb === "create" ? "" : name,
    query: new URLSearchParams({
      ...(step.verb === "delete" ? {} : { fieldManager: step.manager }),
      ...(step.verb === "apply" ? { force: String(step.force) } : {}),
    }),
    contentType: TYPES[step.verb] ?? "application/json",
    body: JSON.stringify(body),
  };
}

type Random = () => number;
type Make = (random: Random) => Json;

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

const word: Make = (random) => pick(random, ["a", "b", "c", "<d>", "é\u{1f680}"]);
const number: Make = (random) => pick(random, [1, 2, 3, 10]);

function some(random: Random, chance: number): boolean {
  return random() < chance;
}

function mapOf(keys: readonly string[], value: Make): Make {
  return (random) =>
    Object.fromEntries(keys.filter(() => some(random, 0.4)).map((key) => [key, value(random)]));
}

function listOf(value: Make, isUnique: boolean): Make {
  return (random) => {
    const items = Array.from({ length: below(random, 4) }, () => value(random));
    return isUnique ? [...new Map(items.map((item) => [JSON.stringify(item), item])).values()] : items;
  };
}

function fields(makers: Record<string, Make>, chance: number): (random: Random) => JsonObject {
  return (random) =>
    Object.fromEntries(
      Object.entries(makers).filter(() => some(random, chance)).map(([name, make]) => [name, make(random)]),
    );
}

/** Items that are told apart by two fields, the rest of them random. */
function keyed(names: readonly [string, Make][], rest: (random: Random) => JsonObject): Make {
  return (random) => {
    const items = Array.from({ length: below(random, 4) }, () => {
      const key = Object.fromEntries(names.map(([name, make]) => [name, make(random)]));
      return [JSON.stringify(key), { ...key, ...rest(random) }] as const;
    });
    return [...new Map(items).values()];
  };
}

const texts = mapOf(["x", "y", "z", "a/b.c"], word);
const port = fields({ name: word, labels: texts, hosts: listOf(word, true) }, 0.4);
const ports = keyed([["port", (random) => pick(random, [1, 2, 10])], [
  "protocol",
  (random) => pick(random, ["t", "u"]),
]], port);
const extra = fields({ m: mapOf(["x", "y"], number), l: listOf(number, false), s: word, n: number }, 0.4);

const SPEC: Record<string, Make> = {
  title: word,
  replicas: number,
  enabled: (random) => some(random, 0.5),
  size: (random) => pick<Json>(random, [1, "1", "50%"]),
  limits: texts,
  files: texts,
  args: listOf(word, false),
  tags: listOf(word, true),
  numbers: listOf(number, true),
  ports,
  groups: mapOf(["g", "h", "i"], mapOf(["a", "b"], word)),
  placement: fields({ zone: word, limits: texts }, 0.5),
  origin: mapOf(["host", "path"], word),
  extra,
};

/** The last one is warned of. */
const FINALIZERS = ["test.coder.com/a", "test.coder.com/b", "plain"];

const label: Make = (random) => pick(random, ["a", "b"]);
/** Owners that are there: the garbage collector would delete what belongs to others. */
export type OwnerRef = { readonly uid: string; readonly name: string };

function metadataOf(owners: readonly OwnerRef[]): Record<string, Make> {
  const reference: Make = (random) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    ...pick(random, owners),
    ...(some(random, 0.5) ? { blockOwnerDeletion: some(random, 0.5) } : {}),
  });
  const byUid = (items: Json) =>
    [...new Map((items as JsonObject[]).map((item) => [item["uid"], item])).values()] as Json;
  return {
    labels: mapOf(["x", "y", "z"], label),
    annotations: mapOf(["x", "y", "z"], word),
    finalizers: listOf((random) => pick(random, FINALIZERS), true),
    ownerReferences: (random) => byUid(listOf(reference, false)(random)),
  };
}

const condition = keyed([["type", (random) => pick(random, ["Ready", "Building"])]], (random) => ({
  status: pick(random, ["True", "False"]),
  reason: "Test",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
}));
const STATUS: Record<string, Make> = { phase: word, conditions: condition };

const APPLIERS = ["argo", "flux", "kubectl", "one"];
/** Some of the names are those of appliers: an owner is a name and an operation. */
const UPDATERS = ["kubectl-client-side-apply", "kubectl-edit", "one", "two", "three"];
const MANY = Array.from({ length: 16 }, (_, index) => `updater-${index}`);

/** What a random run is like. */
export interface RunShape {
  /** How many of the fields a write has, from 0 to 1. */
  readonly density: number;
  /** Whether more update than are kept apart. */
  readonly isCrowded: boolean;
}

/** Makes the writes of one run. */
export class Steps {
  readonly #updaters: readonly string[];
  readonly #metadata: Record<string, Make>;

  constructor(
    readonly random: Random,
    readonly identity: { readonly apiVersion: string; readonly kind: string; readonly name: string },
    readonly shape: RunShape,
    owners: readonly OwnerRef[],
  ) {
    this.#metadata = metadataOf(owners);
    this.#updaters = shape.isCrowded ? MANY : UPDATERS;
  }

  /** @param current as it is stored, undefined where there is none */
  next(current: KubeObject | undefined): Step {
    const { random } = this;
    const dice = random();
    if (current === undefined) {
      if (dice < 0.4) {
        return { verb: "create", manager: pick(random, this.#updaters), body: this.#whole("create") };
      }
      return this.#apply("");
    }
    if (this.shape.isCrowded && some(random, 0.9)) return this.#mark();
    if (dice < 0.04) return { verb: "delete", body: deletion(random) };
    const subresource = some(random, 0.15) ? "status" : "";
    if (dice < 0.5) return this.#apply(subresource);
    const manager = pick(random, this.#updaters);
    const [verb, body] = dice < 0.75
      ? ["patch" as const, this.#patch(current)]
      : ["replace" as const, this.#replacement(current)];
    return { verb, manager, subresource, body: subresource === "" ? withUnknown(random, body) : body };
  }

  /** One of many leaves something of its own. */
  #mark(): Step {
    const { random } = this;
    const manager = pick(random, this.#updaters);
    const labels = { [manager]: pick(random, ["a", "b"]) };
    return { verb: "patch", manager, subresource: "", body: { metadata: { labels } } };
  }

  #apply(subresource: string): Step {
    const { random } = this;
    return {
      verb: "apply",
      manager: pick(random, APPLIERS),
      body: this.#whole("apply"),
      subresource,
      force: some(random, 0.4),
    };
  }

  #parts(): { metadata: JsonObject; spec: JsonObject; status: JsonObject } {
    const { random, shape } = this;
    return {
      metadata: fields(this.#metadata, shape.density)(random),
      spec: fields(SPEC, shape.density)(random),
      status: fields(STATUS, 0.5)(random),
    };
  }

  #whole(what: "create" | "apply"): JsonObject {
    const { random } = this;
    const { apiVersion, kind, name } = this.identity;
    const { metadata, spec, status } = this.#parts();
    const whole: JsonObject = {
      apiVersion,
      kind,
      metadata: { name, ...metadata },
      ...(some(random, 0.9) ? { spec } : {}),
      ...(some(random, 0.2) ? { status } : {}),
    };
    return what === "create" ? withUnknown(random, some(random, 0.3) ? annotated(whole) : whole) : whole;
  }

  #patch(current: KubeObject): JsonObject {
    const { random } = this;
    const { metadata, spec, status } = this.#parts();
    const forgotten = forget(random, current as unknown as JsonObject);
    return {
      ...(some(random, 0.4) ? { metadata } : {}),
      ...(some(random, 0.8) ? { spec: overlaid(forgotten, spec) } : {}),
      ...(some(random, 0.3) ? { status } : {}),
    };
  }

  #replacement(current: KubeObject): JsonObject {
    const { random } = this;
    const { metadata, spec, status } = this.#parts();
    const { resourceVersion: _version, uid: _uid, ...kept } = current.metadata;
    const before = current as unknown as { spec?: JsonObject; status?: JsonObject };
    const dice = random();
    const whole: JsonObject = {
      apiVersion: current.apiVersion,
      kind: current.kind,
      metadata: { ...kept as unknown as JsonObject, ...(some(random, 0.4) ? metadata : {}) },
      // Everything anew, some of it, or nothing.
      ...(dice < 0.3 ? { spec } : before.spec === undefined ? {} : {
        spec: { ...without(random, before.spec), ...(dice < 0.8 ? spec : {}) },
      }),
      ...(some(random, 0.5) ? { status } : before.status === undefined ? {} : { status: before.status }),
    };
    const replacement = some(random, 0.1) ? annotated(whole) : whole;
    return { ...replacement, metadata: this.#managed(replacement["metadata"] as JsonObject) };
  }

  /** Mostly as they came; sometimes dropped, forgotten, tampered with or broken. */
  #managed(metadata: JsonObject): JsonObject {
    const { random } = this;
    const { managedFields, ...rest } = metadata;
    const entries = Array.isArray(managedFields) ? managedFields : [];
    const dice = random();
    if (dice < 0.7) return metadata;
    if (dice < 0.8) return rest;
    if (dice < 0.84) return { ...rest, managedFields: [{}] };
    if (dice < 0.88) return { ...rest, managedFields: [] };
    if (dice < 0.92) return { ...rest, managedFields: entries.slice(1) };
    if (dice < 0.95) {
      return { ...rest, managedFields: entries.map((entry) => ({ ...entry as JsonObject, operation: "X" })) };
    }
    return { ...rest, managedFields: entries.toReversed() };
  }
}

/** What the garbage collector does where it is asked to is no write of anybody here. */
function deletion(random: Random): JsonObject {
  return {
    ...(some(random, 0.3) ? { propagationPolicy: "Background" } : {}),
    ...(some(random, 0.2) ? { gracePeriodSeconds: 30 } : {}),
  };
}

/** With a field that there is not: it is warned of, and left out. */
function withUnknown(random: Random, whole: JsonObject): JsonObject {
  if (!some(random, 0.1)) return whole;
  return some(random, 0.5)
    ? { ...whole, unknown: 1 }
    : { ...whole, spec: { ...whole["spec"] as JsonObject, unknown: { a: "b" } } };
}

/** As client-side apply writes it. */
function annotated(object: JsonObject): JsonObject {
  const metadata = object["metadata"] as JsonObject;
  const { managedFields: _managed, annotations, ...rest } = metadata;
  const { [LAST_APPLIED]: _last, ...others } = (annotations ?? {}) as JsonObject;
  const { status: _status, ...config } = object;
  const last = JSON.stringify({ ...config, metadata: { ...rest, annotations: others } });
  return { ...object, metadata: { ...metadata, annotations: { ...others, [LAST_APPLIED]: last } } };
}

function without(random: Random, object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(() => some(random, 0.8)));
}

/** A merge patch that takes away some of what is there. */
function forget(random: Random, { spec }: JsonObject): JsonObject {
  const there = Object.keys((spec ?? {}) as JsonObject).filter(() => some(random, 0.15));
  return Object.fromEntries(there.map((key) => [key, null]));
}

function overlaid(under: JsonObject, over: JsonObject): JsonObject {
  return { ...under, ...over };
}
