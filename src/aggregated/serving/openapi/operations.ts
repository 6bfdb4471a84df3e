/** What can be done at which path, told once for both versions of OpenAPI. */
import type { ResourceType } from "../../../api/object.ts";
import type { GroupVersion } from "../documents/discovery.ts";
import type { ResourceVerb } from "../request_info.ts";
import type { AnyStorage } from "../storage.ts";
import { definitionName, groupVersionKind } from "./definitions.ts";
import { metaRef, REF, type Schema } from "./schema.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly type: "string" | "integer" | "boolean";
  readonly description: string;
}

export interface Operation {
  readonly path: string;
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  readonly id: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  /** Absent: none. */
  readonly body?: { readonly types: readonly string[]; readonly schema: Schema };
  readonly produces: readonly string[];
  /** By code; those without a schema are refusals. */
  readonly answers: Readonly<Record<string, Schema | undefined>>;
  /** Absent for discovery. */
  readonly kind?: ReturnType<typeof groupVersionKind>;
  readonly action?: string;
}

const JSON_TYPE = "application/json";
const YAML_TYPE = "application/yaml";
const OBJECT_TYPES = [JSON_TYPE, YAML_TYPE];
/** What kubectl may choose from. Strategic merge patches are taken as well, but what is told is what custom resources have. */
const PATCH_TYPES = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/apply-patch+yaml",
];

const query = (name: string, type: Parameter["type"], description: string): Parameter => ({
  name,
  in: "query",
  type,
  description,
});
const NAMESPACE: Parameter = { name: "namespace", in: "path", type: "string", description: "The namespace." };
const NAME: Parameter = { name: "name", in: "path", type: "string", description: "The object's name." };
const PRETTY = query("pretty", "string", "Whether the answer is indented.");
const VERSION = query(
  "resourceVersion",
  "string",
  "The version to watch from, or that the answer must have reached.",
);
const LIST: readonly Parameter[] = [
  query("allowWatchBookmarks", "boolean", "Whether a watch may tell versions without objects."),
  query("continue", "string", "Where the list goes on: metadata.continue of the page before."),
  query("fieldSelector", "string", "Objects whose fields are so alone."),
  query("labelSelector", "string", "Objects whose labels are so alone."),
  query("limit", "integer", "The most objects in one answer."),
  VERSION,
  query("resourceVersionMatch", "string", "What resourceVersion means: NotOlderThan or Exact."),
  query("sendInitialEvents", "boolean", "Whether a watch begins with the state, and tells its end."),
  query("timeoutSeconds", "integer", "How long a watch lasts."),
  query("watch", "boolean", "Whether changes are told instead of the state."),
];
const WRITE: readonly Parameter[] = [
  query("dryRun", "string", "All: everything is checked, nothing is changed."),
  query("fieldManager", "string", "Who changes the fields."),
  query("fieldValidation", "string", "What happens to unknown fields: Ignore, Warn or Strict."),
];
const FORCE = query("force", "boolean", "Whether an apply takes fields from others.");
const DELETE: readonly Parameter[] = [
  query("dryRun", "string", "All: everything is checked, nothing is deleted."),
  query("gracePeriodSeconds", "integer", "Has no effect: there is no grace period."),
  query("orphanDependents", "boolean", "Older than propagationPolicy: true is Orphan."),
  query(
    "propagationPolicy",
    "string",
    "What becomes of objects that it owns: Orphan, Background or Foreground.",
  ),
];

/** All operations, discovery included. */
export function operations(
  { group, version }: GroupVersion,
  storages: readonly AnyStorage[],
): Operation[] {
  const discovery = (path: string, id: string, description: string): Operation => ({
    path,
    method: "get",
    id,
    description,
    parameters: [],
    produces: [JSON_TYPE],
    answers: { 200: { type: "object" } },
  });
  const name = pascal(`${group}.${version}`);
  return [
    discovery(`/apis/${group}/`, `get${pascal(group)}APIGroup`, "Tells about the group."),
    discovery(`/apis/${group}/${version}/`, `get${name}APIResources`, "Tells what resources there are."),
    ...storages.flatMap(resourceOperations),
  ];
}

function resourceOperations(storage: AnyStorage): Operation[] {
  const { definition: { type, verbs }, subresources = {} } = storage;
  const { group, version, kind, plural, namespaced } = type;
  const root = `/apis/${group}/${version}`;
  const collection = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const scope = namespaced ? [NAMESPACE] : [];
  const one = [...scope, NAME];
  const idOf: IdOf = ({ id, many = "" }, part = "") =>
    `${id}${pascal(`${group}.${version}`)}${many}${namespaced ? "Namespaced" : ""}${kind}${part}`;
  // Watching is a parameter of listing; its old paths are not told.
  const made = verbs.filter((verb) => verb !== "watch").map((verb) =>
    operationOf(verb, type, { collection, scope, one, idOf })
  );
  const everywhere: Operation[] = namespaced && verbs.includes("list")
    ? [{
      ...operationOf("list", type, { collection: `${root}/${plural}`, scope: [], one: [], idOf }),
      id: `list${pascal(`${group}.${version}`)}${kind}ForAllNamespaces`,
    }]
    : [];
  const parts = Object.entries(subresources).flatMap(([name, subresource]) =>
    subresource.verbs.map((verb) => {
      const whole = operationOf(verb, type, { collection, scope, one, idOf });
      const isText = subresource.stream !== undefined && verb === "get";
      const own = (subresource.parameters ?? []).map(({ name, type, description }) =>
        query(name, type, description)
      );
      return {
        ...whole,
        path: `${whole.path}/${name}`,
        id: idOf(ACTIONS[verb], pascal(name)),
        description: `${whole.description.slice(0, -1)}, its ${name} alone.`,
        ...(isText
          ? { parameters: [...one, ...own], produces: ["text/plain"], answers: { 200: { type: "string" } } }
          : {}),
      };
    })
  );
  return [...made, ...everywhere, ...parts];
}

type IdOf = (verb: Pick<Verb, "id" | "many">, part?: string) => string;

interface Verb {
  readonly method: Operation["method"];
  readonly action: string;
  /** How names of operations begin. */
  readonly id: string;
  /** What stands before the name of the kind, where it is about many. */
  readonly many?: string;
  readonly says: (kind: string) => string;
  readonly ofOne: boolean;
}

const ACTIONS: Readonly<Record<ResourceVerb, Verb>> = {
  get: { method: "get", action: "get", id: "read", says: (kind) => `Reads one ${kind}.`, ofOne: true },
  list: {
    method: "get",
    action: "list",
    id: "list",
    says: (kind) => `Lists or watches ${kind}s.`,
    ofOne: false,
  },
  watch: { method: "get", action: "watch", id: "watch", says: (kind) => `Watches ${kind}s.`, ofOne: false },
  create: {
    method: "post",
    action: "post",
    id: "create",
    says: (kind) => `Creates a ${kind}.`,
    ofOne: false,
  },
  update: {
    method: "put",
    action: "put",
    id: "replace",
    says: (kind) => `Replaces one ${kind}.`,
    ofOne: true,
  },
  patch: {
    method: "patch",
    action: "patch",
    id: "patch",
    says: (kind) => `Changes one ${kind}.`,
    ofOne: true,
  },
  delete: {
    method: "delete",
    action: "delete",
    id: "delete",
    says: (kind) => `Deletes one ${kind}.`,
    ofOne: true,
  },
  deletecollection: {
    method: "delete",
    action: "deletecollection",
    id: "delete",
    many: "Collection",
    says: (kind) => `Deletes all selected ${kind}s.`,
    ofOne: false,
  },
};

function operationOf(
  verb: ResourceVerb,
  type: ResourceType,
  { collection, scope, one, idOf }: {
    readonly collection: string;
    readonly scope: readonly Parameter[];
    readonly one: readonly Parameter[];
    readonly idOf: IdOf;
  },
): Operation {
  const { method, action, says, ofOne } = ACTIONS[verb];
  const object: Schema = { $ref: `${REF}${definitionName(type)}` };
  const list: Schema = { $ref: `${REF}${definitionName(type)}List` };
  const isList = verb === "list" || verb === "watch";
  const isDeletion = verb === "delete" || verb === "deletecollection";
  const answer = isList ? list : isDeletion ? metaRef("Status") : object;
  const body = bodyOf(verb, object);
  return {
    path: ofOne ? `${collection}/{name}` : collection,
    method,
    id: idOf(ACTIONS[verb]),
    description: says(type.kind),
    parameters: [...(ofOne ? one : scope), PRETTY, ...parametersOf(verb)],
    ...(body === undefined ? {} : { body }),
    produces: isList ? [...OBJECT_TYPES, `${JSON_TYPE};stream=watch`] : OBJECT_TYPES,
    answers: {
      200: answer,
      ...(verb === "create" ? { 201: answer, 202: answer } : {}),
      ...(verb === "update" || verb === "patch" ? { 201: answer } : {}),
      ...(verb === "delete" ? { 202: answer } : {}),
      401: undefined,
    },
    kind: groupVersionKind(type),
    action,
  };
}

function bodyOf(verb: ResourceVerb, object: Schema): Operation["body"] {
  switch (verb) {
    case "create":
    case "update":
      return { types: OBJECT_TYPES, schema: object };
    case "patch":
      return { types: PATCH_TYPES, schema: { type: "object" } };
    case "delete":
    case "deletecollection":
      return { types: OBJECT_TYPES, schema: metaRef("DeleteOptions") };
    default:
      return undefined;
  }
}

function parametersOf(verb: ResourceVerb): readonly Parameter[] {
  switch (verb) {
    case "get":
      return [VERSION];
    case "list":
    case "watch":
      return LIST;
    case "create":
    case "update":
      return WRITE;
    case "patch":
      return [...WRITE, FORCE];
    case "delete":
      return DELETE;
    case "deletecollection":
      return [...DELETE, ...LIST];
    default:
      return [];
  }
}

/** `aggregation.coder.com` → `AggregationCoderCom`. */
function pascal(text: string): string {
  return text.split(/[^A-Za-z0-9]+/).map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
