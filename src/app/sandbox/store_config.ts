/** Where a coordinator keeps its sessions, as it is told. */

/** Where sessions are kept. Files are read anew for each connection. */
export interface SessionStoreConfig {
  /** `redis://[user@]host[:port][/database]`, or rediss, without a password; absent: in the memory of this process. */
  readonly sessionStore?: string | undefined;
  readonly sessionStorePasswordFile?: string | undefined;
  /** PEM files. */
  readonly sessionStoreCaFile?: string | undefined;
  readonly sessionStoreCertFile?: string | undefined;
  readonly sessionStoreKeyFile?: string | undefined;
  /** Of all its keys. */
  readonly sessionStorePrefix: string;
}
