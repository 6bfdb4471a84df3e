/** The door of the folder: the operator's own access, made and kept in Coder's PostgreSQL. */

/** How to reach a database. */
export interface DatabaseAddress {
  /** A PostgreSQL URL or a list of `key=value`, as Coder takes it in `CODER_PG_CONNECTION_URL`. */
  readonly url: string;
  /** PEM certificates to verify the server with, in place of those that `sslrootcert` would name. */
  readonly ca?: string | undefined;
  /**
   * Where a host without a full name is looked up, in this order: what Coder's pod has in its resolv.conf, such as
   * `coder.svc.cluster.local`, `svc.cluster.local`, `cluster.local`. The operator may run in another namespace, where a
   * bare `postgres` is another Service or none. @default as the operator's own resolver does
   */
  readonly searchDomains?: readonly string[] | undefined;
}

/** Who the operator is inside Coder. */
export interface OperatorUser {
  readonly username: string;
  readonly email: string;
}

/** A token in the database; never its secret. */
export interface StoredToken {
  /** The part before the dash; no secret. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  /** Coder moves it on with use, by `lifetimeMs` from then. */
  readonly expiresAt: Date;
  /** How long it was made to live (`lifetime_seconds`), in milliseconds. */
  readonly lifetimeMs: number;
  readonly lastUsedAt: Date;
}

export interface TokenRequest {
  readonly user: OperatorUser;
  /** Names that are this control plane's, the preferred one first; no other token is ever looked at. */
  readonly names: readonly string[];
  /** The token in use, if there is one. It is valid where it is among `names` and matches the stored hash. */
  readonly token?: string | undefined;
  /** How long a token lives that has to be made. Coder moves its end on with use. */
  readonly lifetimeMs: number;
  /** Make a new token although the one in use is valid: it is to be renewed. @default {false} */
  readonly renew?: boolean;
}

/** What was found and done, in one transaction. */
export interface TokenOutcome {
  /** `kept`: the token in use is valid. `made`: there is a new one in `token`, under a name that was free. */
  readonly outcome: "kept" | "made";
  /** Only where it was made: the only time that it can be seen. */
  readonly token?: string;
  /** The token that is to be used from now on. */
  readonly current: StoredToken;
  /** Tokens of `names` besides, valid or not. */
  readonly others: readonly StoredToken[];
}

/**
 * Calls to Coder's database. Each opens a connection, does one short transaction and closes it, all within 10 s.
 *
 * @throws {DatabaseError} or, where `signal` aborts, the signal's reason
 */
export interface OperatorDatabase {
  /** Makes the user where it is missing, and a token where the one in use is not valid (or is to be renewed). */
  ensureToken(address: DatabaseAddress, request: TokenRequest, signal: AbortSignal): Promise<TokenOutcome>;
  /** Deletes tokens of the operator's user, by name. With `keepId`, all of them but that one. Returns how many. */
  revoke(
    address: DatabaseAddress,
    request: { user: OperatorUser; names: readonly string[]; keepId?: string },
    signal: AbortSignal,
  ): Promise<number>;
  /** The number of the last migration, and whether it was broken off. */
  migration(address: DatabaseAddress, signal: AbortSignal): Promise<{ version: number; dirty: boolean }>;
  /** Closes what is kept open. */
  close(): Promise<void>;
}

/** What kind of failure it is; every kind has its own remedy. */
export type DatabaseErrorKind =
  /** The URL cannot be read, or asks for what is not supported. */
  | "invalidAddress"
  /** Nobody answers, or the server is starting or stopping: waiting may help. */
  | "unreachable"
  /** The deadline passed. */
  | "timeout"
  /** TLS: the certificate is not trusted, or the server speaks none. */
  | "tls"
  /** Wrong user or password, or no such database. */
  | "refused"
  /** The database user may not do this. */
  | "forbidden"
  /** The tables are not as expected: not migrated yet, or of an unknown version. */
  | "schema"
  /** A user of the operator's name exists and is somebody else's. */
  | "foreignUser"
  /** A serialization failure or a deadlock: trying again helps. */
  | "conflict"
  /** Anything else. */
  | "failed";

/** Any failure of a call to the database. Messages hold neither passwords nor tokens. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  constructor(message: string, readonly kind: DatabaseErrorKind, options?: ErrorOptions) {
    super(message, options);
  }
}
