/**
 * What the operator's access to Coder may be used for. Where Coder knows who asks, that is Coder's to say; else nobody is
 * shown more than Kubernetes' rules let them see.
 */
import type { AccessRequest } from "../../kube/reviews.ts";
import type { CoderReader, Looker } from "../look.ts";

type ResourceRequest = Extract<AccessRequest, { readonly resource: string }>;

/** Who asks may not, and Coder does not know them. */
export class NotPermittedError extends Error {
  override readonly name = "NotPermittedError";
  readonly code = "forbidden";
}

/**
 * Coder, for something that needs another right than to open it did.
 *
 * @throws {NotPermittedError} where it would be asked with the operator's access, and the caller may not do `need`
 */
export async function permitted(
  looker: Looker,
  opening: Promise<CoderReader>,
  need: ResourceRequest,
): Promise<CoderReader> {
  const reader = await opening;
  if (reader.as === "caller") return reader;
  const { allowed } = await looker.world.cluster.may(need, { signal: looker.signal });
  if (allowed) return reader;
  const { verb, resource, subresource, group = "", namespace } = need;
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  throw new NotPermittedError(
    `Coder has no user for you, and in Kubernetes you may not ${verb} ${what}.${group} in ${
      namespace ?? "all"
    }`,
  );
}
