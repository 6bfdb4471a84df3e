/** Kubernetes for tests of what stands before it: writes down what it is asked. */
import type { KubeObject } from "../../api/object.ts";
import type { Authorizer, Refusal } from "../../identity/mod.ts";
import type { AccessRequest } from "../../kube/reviews.ts";
import type { CallerCluster } from "../../caller/types.ts";

export interface AskedCluster extends CallerCluster {
  /** `verb plural namespace/name`, in order. */
  readonly asked: string[];
}

/** Answers with what `answer` gives, or an object of the name that was asked for. */
export function askedCluster(answer: Partial<CallerCluster> = {}): AskedCluster {
  const asked: string[] = [];
  const saw = (verb: string, plural: string, namespace = "", name = "") =>
    void asked.push(`${verb} ${plural} ${namespace}/${name}`);
  const object = (namespace = "", name = "") =>
    ({ apiVersion: "v1", kind: "X", metadata: { namespace, name, uid: "direct" } }) as KubeObject;
  return {
    asked,
    async get(type, key, options) {
      saw("get", type.plural, key.namespace, key.name);
      return await answer.get?.(type, key, options) ?? object(key.namespace, key.name) as never;
    },
    async list(type, options = {}) {
      saw("list", type.plural, options.namespace ?? "*", options.continue ?? "");
      return await answer.list?.(type, options) ??
        { items: [object(options.namespace, "x") as never], resourceVersion: "1" };
    },
    async watch(type, options = {}) {
      saw("watch", type.plural, options.namespace ?? "*", options.resourceVersion ?? "");
      return await answer.watch?.(type, options) ?? ReadableStream.from([]);
    },
    async create(type, given, options) {
      saw("create", type.plural, given.metadata.namespace, given.metadata.name);
      return await answer.create?.(type, given, options) ?? given;
    },
    async update(type, given, options) {
      saw("update", type.plural, given.metadata.namespace, given.metadata.name);
      return await answer.update?.(type, given, options) ?? given;
    },
    async patch(type, key, patch, options) {
      saw("patch", type.plural, key.namespace, key.name);
      return await answer.patch?.(type, key, patch, options) ?? object(key.namespace, key.name) as never;
    },
    async delete(type, key, options) {
      saw("delete", type.plural, key.namespace, key.name);
      await answer.delete?.(type, key, options);
    },
    text(type, key, subresource, options) {
      saw(`text/${subresource}`, type.plural, key.namespace, key.name);
      return answer.text?.(type, key, subresource, options) ??
        Promise.resolve({ bytes: new TextEncoder().encode("text"), isCut: false });
    },
    may(request, options) {
      asked.push(`may ${JSON.stringify(request)}`);
      return answer.may?.(request, options) ?? Promise.resolve({ allowed: true, reason: "" });
    },
    missing: (type, namespace) => answer.missing?.(type, namespace) ?? [],
  };
}

/** Lets through what `may` says; what it was asked is in `asked`. */
export function decidingAuthorizer(may: (request: AccessRequest) => boolean | 503) {
  const asked: AccessRequest[] = [];
  const authorize: Authorizer = (_user, request) => {
    asked.push(request);
    const answer = may(request);
    if (answer === true) return Promise.resolve({ allowed: true, reason: "a role" });
    return Promise.resolve({ allowed: false, refusal: answer === 503 ? AWAY : NO });
  };
  return { authorize, asked };
}

const NO: Refusal = { code: 403, reason: "Forbidden", message: "no role says so" };
const AWAY: Refusal = {
  code: 503,
  reason: "ServiceUnavailable",
  message: "it cannot be found out now",
  retryAfterSeconds: 2,
};
