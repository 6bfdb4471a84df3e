/** The part of node-postgres that is used, loaded when the first connection is made: other processes pay nothing. */
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";

/** What a connection needs. */
export interface ClientOptions {
  host: string;
  port: number;
  user: string;
  /** A function, since the driver looks elsewhere (environment, `~/.pgpass`) for one that is empty. */
  password: () => string;
  database: string;
  ssl: ConnectionOptions | false;
  application_name: string;
  options?: string;
  /** The connection to speak over. */
  stream: () => Socket;
}

/** One connection. */
export interface SqlClient {
  connect(): Promise<unknown>;
  query(text: string, values?: readonly unknown[]): Promise<unknown>;
  end(): Promise<void>;
  on(event: "error", listener: (error: unknown) => void): unknown;
  /** The driver's own; `stream` is the TLS connection where there is one. */
  readonly connection: { readonly stream: { destroy(): unknown } };
}

/** Makes a client; nothing is sent before `connect`. */
export async function createClient(options: ClientOptions): Promise<SqlClient> {
  const { Client } = await import("pg");
  return new Client(options);
}
