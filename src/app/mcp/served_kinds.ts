/** Workspaces and templates for MCP tools, from the storages that the aggregated API serves, without the way through it. */
import { keyOf, type KubeObject, type ObjectKey, type ResourceType } from "../../api/object.ts";
import { pageOf } from "../../aggregated/serving/answer/page.ts";
import type { AnyStorage, RequestContext, WriteRequest } from "../../aggregated/serving/mod.ts";
import { readListOptions, readWatchOptions } from "../../aggregated/serving/query/list_options.ts";
import { allFields, selectionOf } from "../../aggregated/serving/query/selection.ts";
import { StatusError, unknownPath } from "../../aggregated/serving/status_errors.ts";
import type { Change } from "../../aggregated/serving/storage.ts";
import type { Authorizer, KubeUser } from "../../identity/mod.ts";
import { FIELD_MANAGER } from "../../kube/applier.ts";
import type { ListOptions } from "../../kube/client.ts";
import { readUpTo } from "../../kube/rest/read_up_to.ts";
import { resourcePath } from "../../kube/rest/request_path.ts";
import { PATCH_TYPES } from "../../kube/rest/rest_client.ts";
import { type Deed, METHODS, refusedDeed, requireAccess } from "../../mcp/caller/access.ts";
import type { LocalCall, ServedKind } from "../../mcp/caller/local_kinds.ts";
import { toldWatch } from "../../mcp/caller/watch_queue.ts";

export interface ServedKindOptions {
  readonly storage: AnyStorage;
  readonly authorize: Authorizer;
  /** What lists lack now. */
  readonly warnings: (namespace: string | undefined) => readonly string[];
  /** What goes along with each request of a caller; see `RequestContext.carries`. @default nothing */
  readonly carriesFor?: ((user: KubeUser) => object) | undefined;
}

/** What a write says beside its body. */
interface Write {
  readonly verb: WriteRequest["verb"] & Deed["verb"];
  readonly key: ObjectKey;
  readonly subresource?: string | undefined;
  readonly fieldManager?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly force?: boolean;
  readonly contentType: string;
  readonly body: unknown;
}

/** Makes it. Everything is reviewed and refused as the aggregated API does it for the same caller. */
export function servedKind({ storage, authorize, warnings, carriesFor }: ServedKindOptions): ServedKind {
  const { definition } = storage;
  const type: ResourceType = definition.type;
  const fields = allFields<KubeObject>(definition.selectableFields);
  const encoder = new TextEncoder();

  /** After the access review. Refusals become what a client of the API server would throw. */
  async function allowed<R>(
    deed: Deed,
    call: LocalCall,
    run: (context: RequestContext) => Promise<R>,
  ): Promise<R> {
    const { user, signal } = call;
    await requireAccess(authorize, user, deed, signal);
    const context: RequestContext = {
      user,
      signal,
      warn: (text) => call.warn(text),
      userAgent: `${FIELD_MANAGER} (mcp)`,
      carries: carriesFor?.(user),
      async requireVerb(verb) {
        await requireAccess(authorize, user, { ...deed, verb: verb as Deed["verb"] }, signal);
      },
    };
    try {
      return await run(context);
    } catch (error) {
      throw error instanceof StatusError ? refusedDeed(deed, error) : error;
    }
  }

  async function write(request: Write, call: LocalCall): Promise<KubeObject> {
    const { verb, key, subresource, dryRun = false, contentType, body, force = false } = request;
    const fieldManager = request.fieldManager ?? FIELD_MANAGER;
    const query = new URLSearchParams({
      ...(verb === "delete" ? {} : { fieldManager }),
      ...(dryRun ? { dryRun: "All" } : {}),
      ...(force ? { force: "true" } : {}),
    });
    const name = verb === "create" ? "" : key.name;
    const deed: Deed = { verb, type, namespace: key.namespace, name, subresource };
    return await allowed(deed, call, async (context) => {
      if (storage.write === undefined) throw unknownPath();
      const answer = await storage.write({
        verb,
        key: { ...key, name },
        ...(subresource === undefined ? {} : { subresource }),
        options: { dryRun, fieldManager, fieldValidation: "Warn", force },
        query,
        contentType,
        body: encoder.encode(JSON.stringify(body)),
      }, context);
      return "object" in answer ? answer.object : answer.document as KubeObject;
    });
  }

  return {
    type,
    get: (key, call) =>
      allowed(
        { verb: "get", type, ...key },
        call,
        (context) => storage.get(key, context) as Promise<KubeObject>,
      ),
    list: (options, call) =>
      allowed({ verb: "list", type, namespace: options.namespace }, call, async (context) => {
        const { namespace } = options;
        const query = readListOptions(listQuery(options));
        const scope = namespace === undefined ? {} : { namespace };
        const listing = await storage.list({ ...scope, version: query.version }, context);
        const { items, head } = pageOf(listing, query, selectionOf(query, fields));
        return {
          // Never changed by anybody; whoever lists many must not pay for copies.
          items: items as KubeObject[],
          resourceVersion: head.resourceVersion,
          ...(head.continue === undefined ? {} : { continue: head.continue }),
          ...(head.remainingItemCount === undefined ? {} : { remainingItemCount: head.remainingItemCount }),
        };
      }),
    watch: (options, call) =>
      allowed({ verb: "watch", type, namespace: options.namespace }, call, async (context) => {
        const { namespace, signal } = options;
        const query = readWatchOptions(listQuery(options));
        const scope = namespace === undefined ? {} : { namespace };
        const deed: Deed = { verb: "watch", type, namespace };
        const source = await storage.watch({ ...scope, start: query.start }, context);
        const selects = selectionOf(query, fields);
        const place = { method: METHODS.watch, path: resourcePath(type, { namespace }) };
        return toldWatch<KubeObject>(place, signal, ({ event, end }) => {
          const tell = (change: Change<KubeObject>) => {
            const type = toldAs(change, selects);
            if (type !== undefined) event({ type, object: change.object });
          };
          const handle = source.open({
            change: tell,
            ended: (error) => end(error === undefined ? undefined : refusedDeed(deed, error)),
          });
          for (const object of handle.state) tell({ type: "ADDED", object });
          for (const change of handle.changes) tell(change);
          return () => handle.close();
        });
      }),
    create: (object, { fieldManager, dryRun, subresource }, call) =>
      write({
        verb: "create",
        key: keyOf(object),
        subresource,
        fieldManager,
        dryRun,
        contentType: "application/json",
        body: object,
      }, call),
    update: (object, { fieldManager, dryRun, subresource }, call) =>
      write({
        verb: "update",
        key: keyOf(object),
        subresource,
        fieldManager,
        dryRun,
        contentType: "application/json",
        body: object,
      }, call),
    patch: (key, patch, { fieldManager, dryRun, subresource }, call) =>
      write({
        verb: "patch",
        key,
        subresource,
        fieldManager,
        dryRun,
        force: patch.type === "apply" && patch.force === true,
        contentType: PATCH_TYPES[patch.type],
        body: patch.body,
      }, call),
    async delete(key, { preconditions, propagationPolicy, gracePeriodSeconds, dryRun }, call) {
      await write({
        verb: "delete",
        key,
        dryRun,
        contentType: "application/json",
        body: {
          apiVersion: "v1",
          kind: "DeleteOptions",
          preconditions,
          propagationPolicy,
          gracePeriodSeconds,
          ...(dryRun ? { dryRun: ["All"] } : {}),
        },
      }, call);
    },
    text: (key, subresource, { query = {}, maxBytes }, call) =>
      allowed({ verb: "get", type, ...key, subresource }, call, async (context) => {
        const { subresources = {} } = storage;
        const stream = Object.hasOwn(subresources, subresource)
          ? subresources[subresource]?.stream
          : undefined;
        if (stream === undefined) throw unknownPath();
        const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
        const parameters = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
        const { chunks } = await stream(key, parameters, context);
        return await readUpTo(chunks, maxBytes);
      }),
    missing: warnings,
  };
}

/** What a change is to somebody who hears of what `selects` takes alone; undefined: nothing. */
function toldAs(
  change: Change<KubeObject>,
  selects: ((object: KubeObject) => boolean) | undefined,
): Change<KubeObject>["type"] | undefined {
  if (selects === undefined) return change.type;
  const was = change.type !== "ADDED" && selects(change.before);
  const is = change.type !== "DELETED" && selects(change.object);
  if (was && is) return "MODIFIED";
  return is ? "ADDED" : was ? "DELETED" : undefined;
}

function listQuery({ labelSelector, fieldSelector, limit, continue: token, ...rest }: ListOptions) {
  const { resourceVersion, resourceVersionMatch } = rest;
  const given = {
    labelSelector,
    fieldSelector,
    limit,
    continue: token,
    resourceVersion,
    resourceVersionMatch,
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) if (value !== undefined) query.set(name, String(value));
  return query;
}
