/** Server-side apply. */
import type { KubeObject, ObjectKey } from "../../../api/object.ts";
import { badRequest, conflict, invalid } from "../../serving/status_errors.ts";
import type { WriteRequest } from "../../serving/storage.ts";
import { asBadRequest, parseYamlBytes } from "../decode/body.ts";
import { required } from "../decode/causes.ts";
import { fit } from "../decode/fit.ts";
import { isJsonObject, type JsonObject, sortOf } from "../decode/json_value.ts";
import { atAddress, judge, type ObjectDefinition } from "../decode/object.ts";
import type { Parsed } from "../decode/parsed.ts";
import { shapeOf } from "../decode/shape.ts";
import { applyConfiguration } from "../managed/mod.ts";
import { withoutRepeatedOwners } from "../meta/owner_references.ts";
import { makesNoObject } from "../patch/errors.ts";
import { type Live, StaleError } from "../target.ts";
import { change } from "./change.ts";
import { make } from "./create.ts";
import { type Ask, isAlreadyThere, isNotFound, type Outcome, tryingFor, type WrittenKind } from "./kind.ts";
import { withoutNulls } from "./nulls.ts";
import { retried } from "./retry.ts";

export const APPLY_PATCH = "application/apply-patch+yaml";

/** PATCH with a configuration. Where there is no object, it is made. */
export async function apply<T extends KubeObject>(kind: WrittenKind<T>, ask: Ask): Promise<Outcome<T>> {
  const { target } = kind;
  const { request, context } = ask;
  const { key } = request;
  await target.admit("update", key, context);
  const config = readConfiguration(request, target.definition, (text) => context.warn(text));
  return await retried(tryingFor(kind, key, context), async () => {
    const live = await readIfThere(kind, ask);
    if (live === undefined) return await applyNew(kind, ask, config);
    const wanted = applied(kind, ask, config, live.object);
    return await change(kind, ask, live, { wanted, isWhole: false, owned: (object) => object });
  });
}

async function readIfThere<T extends KubeObject>(
  { target }: WrittenKind<T>,
  { request, context }: Ask,
): Promise<Live<T> | undefined> {
  try {
    return await target.read(request.key, context);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}

async function applyNew<T extends KubeObject>(
  kind: WrittenKind<T>,
  ask: Ask,
  config: KubeObject,
): Promise<Outcome<T>> {
  const { target } = kind;
  const { request: { key }, context } = ask;
  await context.requireVerb?.("create");
  await target.admit("create", key, context);
  const { uid = "" } = config.metadata;
  if (uid !== "") {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(target.definition.type, key.name, why);
  }
  try {
    const object = await make(kind, ask, applied(kind, ask, config), (made) => made);
    return { code: 201, object };
  } catch (error) {
    // Somebody else was sooner: it is to be changed.
    throw isAlreadyThere(error) ? new StaleError("the object is there by now", { cause: error }) : error;
  }
}

/** The object with the configuration, and with who owns what. */
function applied<T extends KubeObject>(
  { scope, target: { definition }, now }: WrittenKind<T>,
  { request: { key, options }, manager, context }: Ask,
  config: KubeObject,
  live?: T,
): T {
  const { object } = applyConfiguration({
    scope,
    ...(live === undefined ? {} : { live }),
    config,
    manager,
    force: options.force,
    now: new Date(now()),
  });
  const { value, mismatches } = fit(object as unknown as JsonObject, shapeOf(definition));
  if (mismatches.length > 0) throw makesNoObject(mismatches.join(", "));
  return withoutRepeatedOwners(atAddress(value as JsonObject, key), (text) => context.warn(text)) as T;
}

/** What is applied, under the name of the path. @throws {StatusError} 400, 422 */
function readConfiguration(
  { body, options, key }: Pick<WriteRequest, "body" | "options" | "key">,
  definition: ObjectDefinition,
  warn: (text: string) => void,
): KubeObject {
  if (options.fieldManager === undefined) {
    throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
      required("fieldManager", "is required for apply patch"),
    ]);
  }
  const { value, duplicates } = parseConfiguration(body);
  if (!isJsonObject(value)) throw badRequest(`what is applied must be an object, not ${sortOf(value)}`);
  const refuse = () => badRequest(`error strict decoding YAML: ${duplicates.join(", ")}`);
  judge(duplicates, options.fieldValidation, warn, refuse);
  const metadata = value["metadata"] ?? {};
  if (!isJsonObject(metadata)) throw badRequest(`metadata must be an object, not ${sortOf(metadata)}`);
  checkAddress(metadata, key);
  const named = { ...value, metadata: { ...metadata, name: key.name } };
  return withoutNulls(named, shapeOf(definition)) as unknown as KubeObject;
}

function parseConfiguration(body: Uint8Array): Parsed {
  try {
    return parseYamlBytes(body);
  } catch (error) {
    throw asBadRequest(error, "error decoding YAML");
  }
}

function checkAddress({ name, namespace }: JsonObject, key: ObjectKey): void {
  if ((name ?? "") !== "" && name !== key.name) {
    throw badRequest(
      `the name of the object (${name}) does not match the name on the URL (${key.name})`,
    );
  }
  if ((namespace ?? "") !== "" && namespace !== key.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
}
