/** What is read out of Kubernetes objects that must not be kept whole, or that come in several forms. */

/** The last lines of a container. */
export interface ContainerLog {
  readonly pod: string;
  readonly namespace: string;
  readonly container: string;
  /** Of the run before this one. */
  readonly previous: boolean;
  /** Oldest first. */
  readonly lines: readonly string[];
}

/** A certificate in a Secret. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** DNS names and addresses that it is good for; wildcards as they are. */
  readonly names: readonly string[];
  /** RFC 3339. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Undefined where there is no key beside it. */
  readonly matchesKey?: boolean | undefined;
  readonly isCA: boolean;
}

/** A Secret without its values. */
export interface SecretFacts {
  readonly namespace: string;
  readonly name: string;
  readonly isThere: boolean;
  /** Where it is named, such as `spec.envFrom[0]` or `container coder, env CODER_PG_CONNECTION_URL`. */
  readonly usedBy: string;
  /** May be absent: whoever names it says that it is optional. */
  readonly isOptional: boolean;
  /** Keys that are needed. Empty: any will do. */
  readonly neededKeys: readonly string[];
  /** Keys that there are, with their lengths in bytes. */
  readonly keys: Readonly<Record<string, number>>;
  readonly type: string;
  /** Of `tls.crt`, the leaf. */
  readonly certificate?: CertificateFacts | undefined;
  /** Why `tls.crt` could not be read, where it is there. */
  readonly certificateProblem?: string | undefined;
}

/** Where a Service sends to. */
export interface EndpointFacts {
  readonly service: string;
  readonly ready: number;
  readonly notReady: number;
}

/** An HTTPRoute of the Gateway API, with what its parents say. */
export interface RouteFacts {
  readonly name: string;
  readonly namespace: string;
  readonly hostnames: readonly string[];
  readonly parents: readonly {
    readonly name: string;
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  }[];
}

/** Who serves Ingresses. */
export interface IngressClassFacts {
  readonly name: string;
  /** Ingresses without a class are its. */
  readonly isDefault: boolean;
}
