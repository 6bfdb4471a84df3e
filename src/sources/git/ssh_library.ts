/** The few members of `ssh2` that are used: it has no types of its own. */
import "./dirname.ts";
import ssh2 from "ssh2";

export interface SshChannel extends AsyncIterable<Uint8Array> {
  readonly stderr: { on(event: "data", listener: (chunk: Uint8Array) => void): void };
  on(event: "exit", listener: (code: number | null) => void): this;
  write(chunk: Uint8Array): boolean;
  end(): void;
  close(): void;
}

export interface SshOptions {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly privateKey?: string;
  readonly passphrase?: string;
  readonly password?: string;
  readonly readyTimeout: number;
  readonly hostVerifier: (key: Uint8Array) => boolean;
  readonly algorithms: { readonly serverHostKey: readonly string[] };
}

export interface SshClient {
  on(event: "ready" | "close", listener: () => void): this;
  on(event: "error", listener: (error: Error & { level?: string }) => void): this;
  connect(options: SshOptions): this;
  exec(command: string, done: (error: Error | undefined, channel: SshChannel) => void): void;
  destroy(): void;
}

interface Library {
  readonly Client: new () => SshClient;
  readonly utils: { parseKey(key: string, passphrase?: string): unknown };
}

const library = ssh2 as unknown as Library;

export function newClient(): SshClient {
  return new library.Client();
}

/** Undefined where the key can be used; why not otherwise. */
export function problemOfKey(key: string, passphrase: string | undefined): string | undefined {
  const parsed = library.utils.parseKey(key, passphrase);
  return parsed instanceof Error ? parsed.message : undefined;
}
