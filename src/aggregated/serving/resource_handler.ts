/** Requests for resources: from what was asked for to the storage, and from its answer to a body. */
import { type KubeObject, type ObjectKey, resourceText } from "../../api/object.ts";
import type { Authorizer } from "../../identity/mod.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Counter } from "../../telemetry/metrics.ts";
import { type Form, negotiate, wantsPretty } from "./answer/accept.ts";
import { pageOf } from "./answer/page.ts";
import { createWriter, type Writer } from "./answer/writer.ts";
import { yamlText } from "./answer/yaml_text.ts";
import { hasBody, mediaTypeOf } from "./http/body.ts";
import type { Answer, BodyAnswer, Exchange } from "./http/exchange.ts";
import { factsOf } from "./http/error_filter.ts";
import { requireAllowed, userOf } from "./http/identity_filters.ts";
import { writeContinueToken } from "./query/continue_token.ts";
import type { FieldReaders } from "./query/field_selector.ts";
import { type ListOptions, readGetVersion, readListOptions, readWatchOptions } from "./query/list_options.ts";
import { allFields, selectionOf } from "./query/selection.ts";
import { readWriteOptions } from "./query/write_options.ts";
import type { RequestInfo, ResourceInfo } from "./request_info.ts";
import { expiredPage, methodNotAllowed, StatusError, unknownPath } from "./status_errors.ts";
import type { AnyStorage, RequestContext, Subresource, WriteAnswer, WriteRequest } from "./storage.ts";
import { streamText } from "./watch/text_stream.ts";
import type { WatchLimits } from "./watch/watch_stream.ts";
import type { WatchRegistry } from "./watch/watch_registry.ts";

export interface ResourceHandlerOptions {
  readonly storages: readonly AnyStorage[];
  readonly authorize: Authorizer;
  readonly watches: WatchRegistry;
  readonly watchLimits: WatchLimits;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
  readonly watchEvents: Counter;
}

/** What is kept of a storage beside it. */
interface Served {
  readonly storage: AnyStorage;
  readonly writer: Writer;
  readonly fields: FieldReaders<KubeObject>;
}

export class ResourceHandler {
  readonly #served: ReadonlyMap<string, Served>;
  readonly #options: ResourceHandlerOptions;

  constructor(options: ResourceHandlerOptions) {
    this.#options = options;
    this.#served = new Map(options.storages.map((storage) => {
      const { definition } = storage;
      const { type, selectableFields } = definition;
      const served: Served = {
        storage,
        writer: createWriter(definition, options.now),
        fields: allFields(selectableFields),
      };
      return [addressOf(type.group, type.version, type.plural), served];
    }));
  }

  /** Whether there is such a resource, or subresource. */
  knows(info: RequestInfo): boolean {
    if (info.kind !== "resource") return false;
    const served = this.#find(info);
    return served !== undefined &&
      (info.subresource === undefined || subresourceOf(served, info) !== undefined);
  }

  async handle(exchange: Exchange, info: ResourceInfo): Promise<Answer> {
    const served = this.#find(info);
    if (served === undefined) throw unknownPath();
    const { storage } = served;
    const { type, verbs } = storage.definition;
    // An object of a namespace has no path without one.
    if (type.namespaced ? info.isNamed && info.namespace === undefined : info.namespace !== undefined) {
      throw unknownPath();
    }
    if (info.method === "HEAD") throw notAllowed(info);
    const key: ObjectKey = { namespace: info.namespace ?? "", name: info.isNamed ? info.name ?? "" : "" };
    const context = contextOf(exchange, info, this.#options.authorize);
    if (info.subresource !== undefined) {
      return await this.#subresource(exchange, info, served, key, context);
    }
    if (!verbs.includes(info.verb)) throw notAllowed(info);
    switch (info.verb) {
      case "get": {
        const notOlderThan = readGetVersion(info.query);
        return await this.#object(
          exchange,
          info,
          served,
          async () => ({ code: 200, object: await storage.get(key, context, notOlderThan) }),
        );
      }
      case "list":
        return await this.#list(exchange, info, served, context);
      case "watch":
        return await this.#watch(exchange, info, served, context);
      default:
        return await this.#write(exchange, info, served, info.verb, key, context);
    }
  }

  #find({ group, version, resource }: ResourceInfo): Served | undefined {
    return this.#served.get(addressOf(group, version, resource));
  }

  /** What form the answer has is known before anything is asked, or changed. */
  async #object(
    { headers }: Exchange,
    info: ResourceInfo,
    { writer }: Served,
    ask: () => Promise<WriteAnswer>,
  ): Promise<Answer> {
    const form = negotiate(headers.accept, info.verb === "deletecollection" ? "list" : "object", info.query);
    const answer = await ask();
    const body = "object" in answer
      ? writer.object(answer.object, form)
      : `${JSON.stringify(answer.document)}\n`;
    return { code: answer.code, ...written(body, form, info, headers["user-agent"]) };
  }

  async #list(
    exchange: Exchange,
    info: ResourceInfo,
    served: Served,
    context: RequestContext,
  ): Promise<Answer> {
    const { storage, writer, fields } = served;
    const form = negotiate(exchange.headers.accept, "list", info.query);
    const options = readListOptions(info.query);
    const selects = selectionOf(options, fields);
    const listing = await storage.list({ ...scopeOf(info), version: options.version }, context)
      .catch((error) => {
        throw withRest(error, options);
      });
    const body = writer.list(pageOf(listing, options, selects), form);
    return { code: 200, ...written(body, form, info, exchange.headers["user-agent"]) };
  }

  async #watch(
    exchange: Exchange,
    info: ResourceInfo,
    { storage, writer, fields }: Served,
    context: RequestContext,
  ): Promise<Answer> {
    const { watches, clock, watchLimits: limits, log, watchEvents } = this.#options;
    const form = negotiate(exchange.headers.accept, "watch", info.query);
    const options = readWatchOptions(info.query);
    const onlyName = info.isWatchPath && info.name !== undefined && info.isNamed
      ? [{ field: "metadata.name", isEqual: true, value: info.name }]
      : [];
    const selects = selectionOf({ ...options, fields: [...options.fields, ...onlyName] }, fields);
    const source = await storage.watch({ ...scopeOf(info), start: options.start }, context);
    const { group, version, kind } = storage.definition.type;
    return {
      code: 200,
      contentType: "application/json",
      run: (outlet) => {
        watches.open({
          source,
          writer,
          form,
          options,
          selects,
          outlet,
          clock,
          limits,
          onEvent: () => watchEvents.inc({ group, version, kind }),
          onMistake: (error) =>
            log.error("a watch ended in a mistake of ours", { ...factsOf(exchange), error }),
          onBegun: () => exchange.onBegun.splice(0).forEach((begun) => begun()),
        });
      },
    };
  }

  async #subresource(
    exchange: Exchange,
    info: ResourceInfo,
    served: Served,
    key: ObjectKey,
    context: RequestContext,
  ): Promise<Answer> {
    const subresource = subresourceOf(served, info);
    if (subresource === undefined) throw unknownPath();
    if (!subresource.verbs.includes(info.verb)) throw notAllowed(info);
    if (info.verb === "list" || info.verb === "watch") throw notAllowed(info);
    if (info.verb !== "get") return await this.#write(exchange, info, served, info.verb, key, context);
    if (subresource.stream !== undefined) {
      const stream = await subresource.stream(key, info.query, context);
      return streamText(stream, exchange, this.#options);
    }
    const { get } = subresource;
    if (get === undefined) throw notAllowed(info);
    const notOlderThan = readGetVersion(info.query);
    return await this.#object(
      exchange,
      info,
      served,
      async () => ({ code: 200, object: await get.call(subresource, key, context, notOlderThan) }),
    );
  }

  async #write(
    exchange: Exchange,
    info: ResourceInfo,
    served: Served,
    verb: WriteRequest["verb"],
    key: ObjectKey,
    context: RequestContext,
  ): Promise<Answer> {
    const { storage, fields } = served;
    const isOfOne = verb !== "create" && verb !== "deletecollection";
    if (storage.write === undefined || isOfOne !== info.isNamed) throw notAllowed(info);
    if (key.namespace === "" && storage.definition.type.namespaced) throw notAllowed(info);
    const options = readWriteOptions(info.query, WRITE_OPTIONS[verb]);
    const selects = verb === "deletecollection"
      ? selectionOf(readListOptions(info.query), fields)
      : undefined;
    return await this.#object(exchange, info, served, async () =>
      await storage.write!({
        verb,
        key,
        ...(info.subresource === undefined ? {} : { subresource: info.subresource }),
        options,
        ...(selects === undefined ? {} : { selects }),
        query: info.query,
        contentType: mediaTypeOf(exchange.headers),
        body: hasBody(exchange.headers) ? await exchange.readBody() : new Uint8Array(),
      }, context));
  }
}

/** What is too old for a further page need not be the end: the rest may be had as it is now. */
function withRest(error: unknown, { continue: token }: ListOptions): unknown {
  if (token === undefined || !(error instanceof StatusError) || error.reason !== "Expired") return error;
  return expiredPage(error, writeContinueToken({ after: token.after }));
}

/** How refusals name the options of a write. */
const WRITE_OPTIONS: Readonly<Record<WriteRequest["verb"], string>> = {
  create: "CreateOptions",
  update: "UpdateOptions",
  patch: "PatchOptions",
  delete: "DeleteOptions",
  deletecollection: "DeleteOptions",
};

function addressOf(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`;
}

function subresourceOf(
  { storage }: Served,
  { subresource = "" }: ResourceInfo,
): Subresource<KubeObject> | undefined {
  const { subresources = {} } = storage;
  return Object.hasOwn(subresources, subresource) ? subresources[subresource] : undefined;
}

function scopeOf({ namespace }: ResourceInfo): { namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}

function notAllowed({ verb, method, group, version, resource: plural }: ResourceInfo) {
  const type = { group, version, plural, kind: "", namespaced: true };
  return methodNotAllowed(method === "HEAD" ? "head" : verb, `resources of kind "${resourceText(type)}"`);
}

function contextOf(exchange: Exchange, info: ResourceInfo, authorize: Authorizer): RequestContext {
  return {
    userAgent: exchange.headers["user-agent"],
    requireVerb: (verb) => requireAllowed(authorize, exchange, { ...info, verb }),
    user: userOf(exchange),
    signal: exchange.signal,
    warn: (text) => void (exchange.warnings.includes(text) || exchange.warnings.push(text)),
  };
}

/** As the writer has it, or for people: in YAML, or indented. */
function written(
  body: string | Uint8Array,
  { yaml }: Form,
  { query }: ResourceInfo,
  userAgent: string | undefined,
): Pick<BodyAnswer, "body" | "contentType"> {
  const isPretty = wantsPretty(query, userAgent);
  if (yaml === undefined && !isPretty) return { body };
  const value: unknown = JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body));
  return yaml
    ? { body: yamlText(value), contentType: "application/yaml" }
    : { body: `${JSON.stringify(value, null, 2)}\n` };
}
