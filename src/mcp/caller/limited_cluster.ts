/** `--mcp-namespaces`: nothing of other namespaces is read or changed, whatever the caller may. */
import type { KubeObject, ObjectKey, ResourceType } from "../../api/object.ts";
import type { ListOptions, ObjectList, WatchEvent, WatchOptions } from "../../kube/client.ts";
import { isForbidden } from "../../kube/errors.ts";
import { type Deed, refusedDeed } from "./access.ts";
import { kindId } from "./local_kinds.ts";
import type { CallerCluster } from "../../caller/types.ts";
import { together } from "./watch_queue.ts";

/** Namespaces that are asked at a time. */
const AT_ONCE = 8;

/** @param namespaces sorted; empty: all */
export function limitedCluster(cluster: CallerCluster, namespaces: readonly string[]): CallerCluster {
  if (namespaces.length === 0) return cluster;
  /** Namespaces that a list of all has left out, by kind. */
  const left = new Map<string, Set<string>>();

  function check(deed: Deed): void {
    const { type, namespace = "" } = deed;
    if (!type.namespaced || namespaces.includes(namespace)) return;
    throw refusedDeed(deed, { code: 403, reason: "Forbidden", message: outside(namespace) });
  }

  const outside = (namespace: string) =>
    `namespace ${JSON.stringify(namespace)} is not reached from this MCP server, only ${
      namespaces.join(", ")
    }`;

  async function listAll<T extends KubeObject>(
    type: ResourceType<T>,
    { limit, continue: token, ...options }: ListOptions,
  ): Promise<ObjectList<T>> {
    if (limit !== undefined || token !== undefined) return await page(type, options, limit, token);
    const lists: ObjectList<T>[] = [];
    let refusal: unknown;
    for (let from = 0; from < namespaces.length; from += AT_ONCE) {
      const some = namespaces.slice(from, from + AT_ONCE);
      const answers = await Promise.allSettled(
        some.map((namespace) => cluster.list(type, { ...options, namespace })),
      );
      for (const [index, answer] of answers.entries()) {
        if (answer.status === "fulfilled") lists.push(answer.value);
        else if (isForbidden(answer.reason)) refusal = leaveOut(type, some[index] ?? "", answer.reason);
        else throw answer.reason;
      }
    }
    if (lists.length === 0) throw refusal;
    return { items: lists.flatMap(({ items }) => items), resourceVersion: "" };
  }

  /** Lists of several namespaces have no version: each watch begins with what there is. */
  async function watchAll<T extends KubeObject>(
    type: ResourceType<T>,
    { signal, resourceVersion: _, ...options }: WatchOptions,
  ): Promise<AsyncIterable<WatchEvent<T>>> {
    const ended = new AbortController();
    const either = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
    const watches: AsyncIterable<WatchEvent<T>>[] = [];
    let refusal: unknown;
    try {
      for (let from = 0; from < namespaces.length; from += AT_ONCE) {
        const some = namespaces.slice(from, from + AT_ONCE);
        const answers = await Promise.allSettled(
          some.map((namespace) => cluster.watch(type, { ...options, namespace, signal: either })),
        );
        for (const [index, answer] of answers.entries()) {
          if (answer.status === "fulfilled") watches.push(answer.value);
          else if (isForbidden(answer.reason)) refusal = leaveOut(type, some[index] ?? "", answer.reason);
          else throw answer.reason;
        }
      }
      if (watches.length === 0) throw refusal;
    } catch (error) {
      ended.abort();
      throw error;
    }
    return endingWith(together(watches), () => ended.abort());
  }

  function leaveOut(type: ResourceType, namespace: string, reason: unknown): unknown {
    left.set(kindId(type), (left.get(kindId(type)) ?? new Set()).add(namespace));
    return reason;
  }

  /** Pages of one namespace after the other; the token says which. */
  async function page<T extends KubeObject>(
    type: ResourceType<T>,
    options: ListOptions,
    limit: number | undefined,
    token: string | undefined,
  ): Promise<ObjectList<T>> {
    const [, at = "0", inner = ""] = /^(\d{1,6})\.(.*)$/s.exec(token ?? "0.") ?? [];
    const index = Number(at);
    const namespace = namespaces[index];
    if (namespace === undefined) return { items: [], resourceVersion: "" };
    const { items, continue: more } = await cluster.list(type, {
      ...options,
      namespace,
      ...(limit === undefined ? {} : { limit }),
      ...(inner === "" ? {} : { continue: inner }),
    }).catch((error): ObjectList<T> => {
      if (!isForbidden(error)) throw error;
      leaveOut(type, namespace, error);
      if (left.get(kindId(type))?.size === namespaces.length) throw error;
      return { items: [], resourceVersion: "" };
    });
    if (more !== undefined) return { items, resourceVersion: "", continue: `${index}.${more}` };
    const isLast = index + 1 >= namespaces.length;
    if (isLast) return { items, resourceVersion: "" };
    const rest = limit === undefined ? undefined : limit - items.length;
    if (rest === 0) return { items, resourceVersion: "", continue: `${index + 1}.` };
    const next = await page(type, options, rest, `${index + 1}.`);
    return { ...next, items: [...items, ...next.items] };
  }

  return {
    async get(type, key, options) {
      check({ verb: "get", type, ...key });
      return await cluster.get(type, key, options);
    },
    async list(type, options = {}) {
      if (type.namespaced && options.namespace === undefined) return await listAll(type, options);
      check({ verb: "list", type, namespace: options.namespace });
      return await cluster.list(type, options);
    },
    async watch(type, options = {}) {
      if (type.namespaced && options.namespace === undefined) return await watchAll(type, options);
      check({ verb: "watch", type, namespace: options.namespace });
      return await cluster.watch(type, options);
    },
    async create(type, object, options) {
      check({ verb: "create", type, namespace: object.metadata.namespace });
      return await cluster.create(type, object, options);
    },
    async update(type, object, options) {
      const { namespace, name } = object.metadata;
      check({ verb: "update", type, namespace, name });
      return await cluster.update(type, object, options);
    },
    async patch(type, key, patch, options) {
      check({ verb: "patch", type, ...key });
      return await cluster.patch(type, key, patch, options);
    },
    async delete(type, key: ObjectKey, options) {
      check({ verb: "delete", type, ...key });
      await cluster.delete(type, key, options);
    },
    async text(type, key, subresource, options) {
      check({ verb: "get", type, ...key, subresource });
      return await cluster.text(type, key, subresource, options);
    },
    async may(request, options) {
      const namespace = "path" in request ? undefined : request.namespace;
      if (namespace !== undefined && !namespaces.includes(namespace)) {
        return { allowed: false, reason: outside(namespace) };
      }
      return await cluster.may(request, options);
    },
    missing(type, namespace) {
      const asked = namespace === undefined && type.namespaced ? namespaces : [namespace];
      const texts = asked.flatMap((one) => cluster.missing(type, one));
      const gone = namespace === undefined ? [...left.get(kindId(type)) ?? []] : [];
      const notMine = gone.length === 0 ? [] : [`you may not list ${type.plural} in ${gone.join(", ")}`];
      return [...new Set([...texts, ...notMine])];
    },
  };
}

async function* endingWith<T>(watch: AsyncIterable<T>, end: () => void): AsyncGenerator<T, void> {
  try {
    yield* watch;
  } finally {
    end();
  }
}
