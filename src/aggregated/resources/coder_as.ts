/** Whose rights Coder sees when something is changed: the operator's, or those of whoever asks. */
import type { OpenAs } from "../../actions/mod.ts";
import type { Backend } from "../../inventory/mod.ts";
import type { RequestContext } from "../serving/storage.ts";

type Client = Awaited<ReturnType<Backend["open"]>>;

/** What a front door that knows callers as users of Coder gives along as `RequestContext.carries`. */
export class CoderAs {
  /**
   * @param open a client with the caller's own rights; undefined where Coder does not know them, and it is done as ever.
   * Rejects with `ActionError` where nothing is to be done for them
   */
  constructor(readonly open: (backend: Backend, signal: AbortSignal) => Promise<Client | undefined>) {}
}

/** For actions on a backend; undefined: as the operator. */
export function openAsOf(
  { carries }: Pick<RequestContext, "carries">,
  backend: Backend,
): OpenAs<Client> | undefined {
  return carries instanceof CoderAs ? (signal) => carries.open(backend, signal) : undefined;
}
