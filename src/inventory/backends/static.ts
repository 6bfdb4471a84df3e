/** One deployment that flags name. */
import { CoderAddressError } from "../../coder/mod.ts";
import { parseAddress } from "../../coder/address.ts";
import { type CopyOptions, createDeploymentCopy } from "../live/deployment_copy.ts";
import type { CopyClient } from "../live/types.ts";
import type { Backend, Backends, BackendsListener } from "./types.ts";

/** The three flags as they were given. */
export interface StaticFlags {
  /** `--coder-url` */
  readonly url?: string | undefined;
  /** `--coder-session-token` */
  readonly token?: string | undefined;
  /** `--coder-namespace` */
  readonly namespace?: string | undefined;
}

/** What they amount to. */
export type StaticChoice =
  /** Nothing is served: the server runs, and every request for a resource is refused. */
  | { readonly kind: "unconfigured" }
  | { readonly kind: "static"; readonly url: string; readonly token: string; readonly namespace: string }
  /** A mistake: the process must not start. */
  | { readonly kind: "mistake"; readonly message: string };

/** By the truth table of the Go server. White space around values does not count. */
export function staticChoice(flags: StaticFlags): StaticChoice {
  const [url, token, namespace] = [flags.url, flags.token, flags.namespace].map((value) =>
    value?.trim() ?? ""
  ) as [
    string,
    string,
    string,
  ];
  const mistake = (message: string): StaticChoice => ({ kind: "mistake", message });
  const problem = url === "" ? undefined : urlProblem(url);
  if (problem !== undefined) return mistake(problem);
  if (url === "" && token === "") return { kind: "unconfigured" };
  if (url === "") return mistake("--coder-session-token is set without --coder-url: give both or neither");
  if (token === "") return mistake("--coder-url is set without --coder-session-token: give both or neither");
  if (namespace === "") {
    return mistake("--coder-namespace must say in which namespace the Coder of --coder-url is shown");
  }
  return { kind: "static", url, token, namespace };
}

/** What is wrong with a value of `--coder-url`, in every mode; undefined where nothing is. */
export function urlProblem(url: string): string | undefined {
  try {
    parseAddress(url);
    return undefined;
  } catch (error) {
    if (error instanceof CoderAddressError) return `--coder-url: ${error.message}`;
    throw error;
  }
}

export interface StaticBackendsOptions {
  readonly namespace: string;
  readonly client: CopyClient;
  readonly listener: BackendsListener;
  readonly copy?: Omit<CopyOptions, "source" | "listener">;
}

/** The one deployment. */
export function staticBackends({ namespace, client, listener, copy }: StaticBackendsOptions): Backends {
  const backend: { -readonly [K in keyof Backend]: Backend[K] } = {
    id: "static",
    namespace,
    naming: "Plain",
    createdAt: "",
    waiting: undefined,
    copy: createDeploymentCopy({
      ...copy,
      source: { open: () => Promise.resolve(client), refused() {} },
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
