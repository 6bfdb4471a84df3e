/** What the tests of the suite share. */
import assert from "node:assert/strict";
import { PATIENCE_MS } from "../../sandbox/testing.ts";
import type { Sandbox, SandboxHost } from "../../sandbox/types.ts";
import { type Limits, SessionError, STANDARD_LIMITS, type WorkspaceFiles } from "../../types.ts";
import type { SuiteOptions, SuiteWorkspace } from "./types.ts";

export const signal = () => AbortSignal.timeout(PATIENCE_MS);
export const bytesOf = (text: string) => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes ?? new Uint8Array());

export interface OpenWish {
  readonly id?: string;
  readonly files?: WorkspaceFiles;
  readonly directory?: string;
  readonly existing?: boolean;
  readonly limits?: Partial<Limits>;
}

export interface Rig extends AsyncDisposable {
  readonly workspace: SuiteWorkspace;
  readonly host: SandboxHost;
  /** A directory of a person's, by its full name. */
  readonly directory: string;
  /** Opens a session (default: in {@linkcode directory}). Sessions that were opened are removed with the rig. */
  open(wish?: OpenWish, host?: SandboxHost): Promise<Sandbox>;
}

export async function rigOf(options: SuiteOptions): Promise<Rig> {
  const workspace = await options.open();
  const host = workspace.host();
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "person-" }));
  const ids = new Set<string>();
  return {
    workspace,
    host,
    directory,
    open(wish = {}, at = host) {
      const id = wish.id ?? `sess-${crypto.randomUUID().slice(0, 8)}`;
      if (/^[\w-]{1,64}$/.test(id)) ids.add(id);
      const files = wish.files ?? "workspace";
      return at.open(id, {
        limits: { ...STANDARD_LIMITS, ...wish.limits },
        existing: wish.existing ?? false,
        workspace: { directory: wish.directory ?? (files === "workspace" ? directory : ""), files },
      }, signal());
    },
    async [Symbol.asyncDispose]() {
      const last = workspace.host();
      for (const id of ids) await last.remove(id, signal());
      await workspace[Symbol.asyncDispose]();
      await new Deno.Command("chmod", { args: ["-R", "u+rwX", directory] }).output();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** One operation on files whose answer has content. */
export async function read(sandbox: Sandbox, path: string, offset = 0, length = 2 ** 20): Promise<string> {
  return textOf((await sandbox.file("read", { path, offset, length }, undefined, signal())).body);
}

export async function write(
  sandbox: Sandbox,
  path: string,
  content: string | Uint8Array,
  more: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const body = typeof content === "string" ? bytesOf(content) : content;
  return (await sandbox.file("write", { path, mode: "replace", ...more }, body, signal())).output;
}

/** What kind of error an operation on files rejects with, and its message. */
export async function refusal(
  sandbox: Sandbox,
  op: string,
  input: Record<string, unknown>,
  body?: Uint8Array,
): Promise<string> {
  try {
    await sandbox.file(op, input, body, signal());
  } catch (error) {
    assert.ok(error instanceof SessionError, String(error));
    return `${error.code}: ${error.message}`;
  }
  throw new Error(`${op} ${JSON.stringify(input)} was not refused`);
}

/** Bytes of every value, and no two lines alike. */
export function someBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

export async function sha256(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)).toHex();
}
