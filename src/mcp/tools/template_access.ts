/** Reading and changing one template as the caller. */
import { CONTROL_PLANE_NAME_LABEL } from "../../api/aggregated.ts";
import { keyText, type ObjectKey } from "../../api/object.ts";
import { type CoderTemplate, CoderTemplates } from "../../api/template.ts";
import { isForbidden, isNotFound } from "../../kube/errors.ts";
import { settlesWithin } from "../../telemetry/clock.ts";
import { ToolError, toolError } from "../errors.ts";
import type { Plan, ToolCall } from "../tool.ts";
import { type Answering, askCoder } from "./coder_asking.ts";
import { getObject } from "./reading.ts";
import { ALIVE_MS, KUBE_MS, within } from "../../caller/within.ts";

/** Changes may have to ask Coder several times; dry runs less. In milliseconds. */
const WRITE_MS = 60_000;
const TRY_MS = 20_000;
/** What is done so quickly needs no look whether Coder is there. In milliseconds. */
const QUICK_MS = 100;

/** `get CoderTemplate lab/acme.docker`, as the Go server begins its messages. */
export function doing(verb: string, key: ObjectKey): string {
  return `${verb} CoderTemplate ${keyText(key)}`;
}

/**
 * Without its files, which may be many, and for which Coder has to be asked. Under its canonical name, whatever form of it
 * was asked for.
 */
export async function readTemplate(call: ToolCall, key: ObjectKey): Promise<CoderTemplate> {
  return await listed(call, key) ?? await byOtherName(call, key);
}

/** With its files, where they can be read now. */
export async function readWholeTemplate(call: ToolCall, key: ObjectKey): Promise<CoderTemplate> {
  return await getObject(call, CoderTemplates, key, doing("get", key));
}

async function listed(call: ToolCall, { namespace, name }: ObjectKey): Promise<CoderTemplate | undefined> {
  // A name that is none is for the other call to refuse.
  if (/[,=\\]/.test(name)) return undefined;
  return (await select(call, namespace, `metadata.name=${name}`))?.[0];
}

/** Undefined where the caller may not list. */
async function select(
  { cluster, signal }: ToolCall,
  namespace: string,
  fieldSelector?: string,
): Promise<readonly CoderTemplate[] | undefined> {
  try {
    const { items } = await within(signal, KUBE_MS, (signal) =>
      cluster.list(CoderTemplates, {
        namespace,
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
        signal,
        timeoutMs: KUBE_MS,
      }));
    return items;
  } catch (error) {
    signal.throwIfAborted();
    if (isForbidden(error)) return undefined;
    throw toolError(error, "list CoderTemplate resources");
  }
}

async function byOtherName(call: ToolCall, key: ObjectKey): Promise<CoderTemplate> {
  let found: CoderTemplate;
  try {
    found = await readWholeTemplate(call, key);
  } catch (error) {
    const alias = error instanceof ToolError && isNotFound(error.cause)
      ? await ofDefault(call, key)
      : undefined;
    if (alias === undefined) throw error;
    return alias;
  }
  const { spec: { files: _, ...spec }, metadata } = found;
  const all = await select(call, key.namespace, `spec.organization=${spec.organization ?? ""}`);
  return all?.find((one) => one.metadata.uid === metadata.uid) ?? { ...found, spec };
}

/** Coder takes `default` for the name of the organization that it made first, whatever that is called. */
async function ofDefault(call: ToolCall, { namespace, name }: ObjectKey): Promise<CoderTemplate | undefined> {
  const [template = "", organization, controlPlane, ...rest] = name.split(".").reverse();
  if (organization?.toLowerCase() !== "default" || rest.length > 0) return undefined;
  try {
    const question = { namespace, controlPlane, need: need(namespace), what: "find the template" };
    const known = await askCoder(
      call,
      question,
      ({ client, signal }) => client.templates.find("default", template, { signal }),
    );
    const all = known === undefined ? undefined : await select(call, namespace);
    return all?.find(({ metadata }) => metadata.uid === known?.id);
  } catch {
    call.signal.throwIfAborted();
    return undefined;
  }
}

function need(namespace: string, name?: string) {
  const { group, plural } = CoderTemplates;
  return { verb: "get", group, resource: plural, namespace, ...(name === undefined ? {} : { name }) };
}

/** Asks Coder what only it knows of a template that the caller sees. */
export async function askOfTemplate<T>(
  call: ToolCall,
  { metadata: { namespace = "", name = "", labels } }: CoderTemplate,
  what: string,
  run: (coder: Answering) => Promise<T>,
): Promise<T> {
  const controlPlane = labels?.[CONTROL_PLANE_NAME_LABEL];
  return await askCoder(call, { namespace, controlPlane, need: need(namespace, name), what }, run);
}

/**
 * What `run` yields. Where that takes long because nothing answers at the template's Coder, no more than a second is waited.
 *
 * @throws {ToolError} `unavailable`, and whatever `run` throws
 */
export async function unlessAway<T>(
  call: ToolCall,
  template: CoderTemplate,
  run: (call: ToolCall) => Promise<T>,
): Promise<T> {
  const since = performance.now();
  const stop = new AbortController();
  const running = run({ ...call, signal: AbortSignal.any([call.signal, stop.signal]) });
  if (await settlesWithin(running, QUICK_MS)) return await running;
  const done = running.then(() => undefined, () => undefined);
  const away = await Promise.race([awayOf(call, template), done]);
  // It may be there for others than us.
  const left = Math.max(0, ALIVE_MS - (performance.now() - since));
  if (away === undefined || await settlesWithin(running, left)) return await running;
  stop.abort(away);
  throw away;
}

/** Why the template's Coder does not answer; undefined where it does, and where we have no way to it. */
async function awayOf(call: ToolCall, template: CoderTemplate): Promise<ToolError | undefined> {
  const { namespace = "" } = template.metadata;
  try {
    if ((await call.coders.list(namespace, call.signal)).length === 0) return undefined;
    const isAlive = ({ client, signal }: Answering) => client.system.isAlive({ signal, timeoutMs: ALIVE_MS });
    await askOfTemplate(call, template, "change a template", isAlive);
    return undefined;
  } catch (error) {
    return error instanceof ToolError && error.code === "unavailable" ? error : undefined;
  }
}

/** Takes `null` for a field that is to go. */
export interface TemplatePatchBody {
  readonly spec: Readonly<Record<string, unknown>>;
}

/** What the template would be. @throws {ToolError} as the change would */
export async function tryPatch(
  call: ToolCall,
  template: CoderTemplate,
  body: TemplatePatchBody,
): Promise<CoderTemplate> {
  return await unlessAway(call, template, (call) => patched(call, template, body, true));
}

/** Changes it, if it is still the one of the plan. */
export async function patchTemplate(
  call: ToolCall,
  template: CoderTemplate,
  body: TemplatePatchBody,
  { preconditions }: Plan,
): Promise<CoderTemplate> {
  if (template.metadata.uid !== preconditions["uid"]) {
    throw new ToolError(
      "conflict",
      `${doing("update", keyIn(template))}: it is another template by now: begin anew`,
    );
  }
  return await patched(call, template, body, false);
}

async function patched(
  { cluster, signal }: ToolCall,
  template: CoderTemplate,
  { spec }: TemplatePatchBody,
  dryRun: boolean,
): Promise<CoderTemplate> {
  const key = keyIn(template);
  const { uid } = template.metadata;
  const body = { ...(uid === undefined ? {} : { metadata: { uid } }), spec };
  try {
    return await cluster.patch(CoderTemplates, key, { type: "merge", body }, {
      signal,
      timeoutMs: dryRun ? TRY_MS : WRITE_MS,
      ...(dryRun ? { dryRun } : {}),
    });
  } catch (error) {
    signal.throwIfAborted();
    throw toolError(error, doing("update", key));
  }
}

/** Its key. */
export function keyIn({ metadata: { namespace = "", name = "" } }: CoderTemplate): ObjectKey {
  return { namespace, name };
}

/** What every plan for a template rests on beside its diff. */
export function preconditionsOf({ metadata, spec, status }: CoderTemplate): Record<string, string> {
  return {
    uid: metadata.uid ?? "",
    activeVersion: status?.activeVersionID ?? spec.versionID ?? "",
    pendingVersion: status?.pendingVersionID ?? "",
  };
}
