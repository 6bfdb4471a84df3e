/** Kubernetes for whom the API server would not know: a refusal, with what to do. */
import type { KubeObject, ObjectKey, ResourceType } from "../../api/object.ts";
import { type Deed, refusedDeed } from "./access.ts";
import type { CallerCluster } from "../../caller/types.ts";

/** @param why the API server is not asked for a caller, in words, with what to do */
export function refusingCluster(why: string): CallerCluster {
  const refuse = (verb: Deed["verb"], type: ResourceType, rest: Omit<Deed, "verb" | "type">) =>
    Promise.reject(
      refusedDeed({ verb, type, ...rest }, {
        code: 403,
        reason: "Forbidden",
        message: `Kubernetes is not asked for you: ${why}`,
      }),
    );
  const of = ({ metadata: { namespace, name } }: KubeObject) => ({ namespace, name });
  const at = ({ namespace, name }: ObjectKey) => ({ namespace, name });
  return {
    get: (type, key) => refuse("get", type, at(key)),
    list: (type, { namespace } = {}) => refuse("list", type, { namespace }),
    watch: (type, { namespace } = {}) => refuse("watch", type, { namespace }),
    create: (type, object) => refuse("create", type, { namespace: object.metadata.namespace }),
    update: (type, object) => refuse("update", type, of(object)),
    patch: (type, key) => refuse("patch", type, at(key)),
    delete: (type, key) => refuse("delete", type, at(key)),
    text: (type, key, subresource) => refuse("get", type, { ...at(key), subresource }),
    may: () => Promise.resolve({ allowed: false, reason: why }),
    missing: () => [],
  };
}
