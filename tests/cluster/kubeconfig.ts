/** Kubeconfig files, self-contained. Written as JSON, which is YAML. */
import type { KeyPair } from "./pki.ts";

/** How the user proves who they are. */
export type Credentials = KeyPair | { token: string };

/** What a kubeconfig says. */
export interface KubeconfigInput {
  /** `https://127.0.0.1:<port>`. */
  server: string;
  caPem: string;
  credentials: Credentials;
  /** The context's default namespace. @default none */
  namespace?: string;
}

/** The text of a kubeconfig with one cluster, one user and one context, all named `test`. */
export function kubeconfigText(input: KubeconfigInput): string {
  const user = "token" in input.credentials ? { token: input.credentials.token } : {
    "client-certificate-data": btoa(input.credentials.certPem),
    "client-key-data": btoa(input.credentials.keyPem),
  };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{
      name: "test",
      cluster: { server: input.server, "certificate-authority-data": btoa(input.caPem) },
    }],
    users: [{ name: "test", user }],
    contexts: [{
      name: "test",
      context: {
        cluster: "test",
        user: "test",
        ...(input.namespace === undefined ? {} : { namespace: input.namespace }),
      },
    }],
    "current-context": "test",
  };
  return JSON.stringify(config, null, 2) + "\n";
}
