/** One deployment that flags name. */
import { type CopyOptions, createDeploymentCopy } from "../live/deployment_copy.ts";
import type { CoderClient } from "../../coder/mod.ts";
import type { Backend, Backends, BackendsListener } from "./types.ts";

export interface StaticBackendsOptions {
  readonly namespace: string;
  /** A client with the token as it is now. Rejects where there is none; the message says why, without secrets. */
  open(): Promise<CoderClient>;
  readonly listener: BackendsListener;
  readonly copy?: Omit<CopyOptions, "source" | "listener">;
}

/** The one deployment. */
export function staticBackends(options: StaticBackendsOptions): Backends {
  const { namespace, listener, copy } = options;
  let client: Promise<CoderClient> | undefined;
  // Asked for once, and again where there was none or Coder does not take its token: files of tokens are replaced.
  const open = () =>
    client ??= options.open().catch((error) => {
      client = undefined;
      throw error;
    });
  const backend: { -readonly [K in keyof Backend]: Backend[K] } = {
    id: "static",
    namespace,
    naming: "Plain",
    createdAt: "",
    waiting: undefined,
    uid: "",
    open,
    copy: createDeploymentCopy({
      ...copy,
      source: { open, refused: () => void (client = undefined) },
      // The copy says nothing before it runs, and the listener is asked for it only once there is a backend.
      listener: {
        workspace: (change, origin) => told.workspace(change, origin),
        template: (change, origin) => told.template(change, origin),
        complete: (kind, isFirst) => told.complete(kind, isFirst),
        addresses: (addresses) => told.addresses(addresses),
      },
    }),
  };
  const told = listener.listen(backend);
  const all = [backend];
  return {
    list: () => all,
    inNamespace: (asked) => asked === namespace ? all : [],
    skipped: new Map(),
    async run(signal) {
      listener.changed();
      await backend.copy.run(signal);
    },
  };
}
