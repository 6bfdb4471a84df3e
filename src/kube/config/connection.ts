/** How to reach one API server and as whom: what `kube_config.ts` finds and `transport.ts` uses. */

/** TLS material. The same object is returned for as long as nothing changed, so that connections can be reused. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What one request carries. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly tls: TlsMaterial;
}

/** One API server, one identity. */
export interface ClusterConnection {
  /** Base URL; its path (if any) has no trailing slash. */
  readonly server: URL;
  /** The context's namespace; in a pod the pod's own. @default {"default"} */
  readonly namespace: string;
  /** Name of the context, for messages. */
  readonly context: string;
  /** Where the settings came from, for messages: a file, several, or `in-cluster`. */
  readonly source: string;
  /** Name to ask for and to verify in the server's certificate, in place of the host. */
  readonly tlsServerName?: string;
  /** The server's certificate is not verified. @default {false} */
  readonly skipTlsVerify?: boolean;
  /** HTTP proxy that tunnels the connection. */
  readonly proxy?: URL;
  /** The program that yields the credentials, where one does: its mode needs the permission to run it. */
  readonly execCommand?: string;
  /** Current credentials; refreshed by itself when they expire. Throws {@linkcode KubeConfigError}. */
  credentials(signal?: AbortSignal): Promise<Credentials>;
  /** Forgets cached credentials after a 401. Returns whether the next ones may differ. */
  refresh(): boolean;
}

/** The kubeconfig, or the credentials that it names, cannot be used. The message says which file and what to do. */
export class KubeConfigError extends Error {
  override readonly name = "KubeConfigError";
}
