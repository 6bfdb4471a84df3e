/** Kubernetes through a client that already has the caller's credentials: the API server decides everything. */
import {
  keyText,
  type KubeObject,
  type ObjectKey,
  resourceText,
  type ResourceType,
} from "../../api/object.ts";
import type { CallOptions, KubeClient } from "../../kube/client.ts";
import { resourcePath, withQuery } from "../../kube/rest/request_path.ts";
import type { RestClient } from "../../kube/rest/rest_client.ts";
import { createReviewer } from "../../kube/reviews.ts";
import type { CallerCluster, TextOptions } from "../../caller/types.ts";

/** Makes it. Whoever made the client closes it. Somebody waits for every call: a refusal is told, not waited out. */
export function clientCluster(client: KubeClient & Pick<RestClient, "bytes">): CallerCluster {
  const reviewer = createReviewer({ client });
  /** What the server warned of with the latest read of a kind, by kind and namespace. */
  const warned = new Map<string, readonly string[]>();

  async function heard<R>(
    type: ResourceType,
    namespace: string | undefined,
    read: (options: { onWarning(text: string): void }) => Promise<R>,
  ): Promise<R> {
    const texts: string[] = [];
    try {
      return await read({ onWarning: (text) => void texts.push(text) });
    } finally {
      const place = `${resourceText(type)} ${namespace ?? ""}`;
      if (texts.length === 0) warned.delete(place);
      else warned.set(place, texts);
    }
  }

  return {
    get: (type, key, options) =>
      heard(type, key.namespace, (ears) => client.get(type, key, { ...once(options), ...ears })),
    list: (type, options) =>
      heard(type, options?.namespace, (ears) => client.list(type, { ...once(options), ...ears })),
    watch: (type, options) => client.watch(type, options),
    create: (type, object, options) => client.create(type, object, once(options)),
    update: (type, object, options) => client.update(type, object, once(options)),
    patch: (type, key, patch, options) => client.patch(type, key, patch, once(options)),
    delete: (type, key, options) => client.delete(type, key, once(options)),
    text: <T extends KubeObject>(
      type: ResourceType<T>,
      key: ObjectKey,
      subresource: string,
      { query = {}, ...options }: TextOptions,
    ) => {
      if (key.name === "") throw new TypeError(`${resourceText(type)} "${keyText(key)}" has no name.`);
      return client.bytes(withQuery(resourcePath(type, { ...key, subresource }), query), once(options));
    },
    may: (request, options) => reviewer.authorizeSelf(request, once(options)),
    missing: (type, namespace) => warned.get(`${resourceText(type)} ${namespace ?? ""}`) ?? [],
  };
}

function once<O extends CallOptions>(options: O | undefined): O & { readonly maxRetries: number } {
  return { ...options as O, maxRetries: 0 };
}
