/** What the protocol serves, and for whom: the contract between transports, tools and the composition root. */
import type { PeerCertificates } from "../identity/mod.ts";
import type { RunOptions } from "./run.ts";
import type { Tool, ToolCall } from "./tool.ts";

/** A tool as clients see it. Every value here is made once. */
export interface ListedTool {
  /** As it is called: `--mcp-tool-names` may change it. */
  readonly name: string;
  readonly tool: Tool;
  /** What `tools/list` says of it: JSON schemas and hints included. */
  readonly listing: Readonly<Record<string, unknown>>;
}

export interface Catalog {
  /** Sorted by name. */
  readonly tools: readonly ListedTool[];
  get(name: string): ListedTool | undefined;
}

/** What resources, prompts and completions may use; as for tools. */
export type SurfaceCall = Omit<ToolCall, "warn" | "progress" | "provenance" | "redact">;

export interface ListedResource {
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType: string;
}

export interface ResourceTemplate {
  /** RFC 6570, level 1. */
  readonly uriTemplate: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType: string;
}

/** What a resource is: text, or bytes in base64, which are shown as they are. */
export type ResourceContent =
  & {
    readonly uri: string;
    readonly mimeType: string;
    /** It is the caller's own: nothing is taken out of its text. @default {false} */
    readonly verbatim?: true;
  }
  & ({ readonly text: string } | { readonly blob: string });

export interface ResourceShelf<C extends ResourceContent = ResourceContent> {
  readonly templates: readonly ResourceTemplate[];
  list(cursor: string | undefined, call: SurfaceCall): Promise<{
    readonly resources: readonly ListedResource[];
    readonly nextCursor?: string;
  }>;
  /** @throws {ToolError} `not_found` where there is none */
  read(uri: string, call: SurfaceCall): Promise<C>;
}

export interface ListedPrompt {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly {
    readonly name: string;
    readonly description: string;
    readonly required: boolean;
  }[];
}

export interface PromptShelf {
  readonly prompts: readonly ListedPrompt[];
  /** @throws {ToolError} `invalid` where there is no such prompt, or an argument is missing */
  get(name: string, args: Readonly<Record<string, string>>, call: SurfaceCall): Promise<{
    readonly description: string;
    /** The one message, of the role `user`. */
    readonly text: string;
  }>;
}

export interface CompletionQuestion {
  /** A prompt's name, or a resource template's URI template. */
  readonly ref: { readonly type: "prompt"; readonly name: string } | {
    readonly type: "resource";
    readonly uri: string;
  };
  readonly argument: { readonly name: string; readonly value: string };
  /** Arguments that are known already. */
  readonly context: Readonly<Record<string, string>>;
}

/** What clients get to see of this server. */
export interface Surface {
  readonly info: { readonly name: string; readonly title: string; readonly version: string };
  readonly instructions: string;
  readonly catalog: Catalog;
  readonly resources: ResourceShelf;
  readonly prompts: PromptShelf;
  /** At most 100 values, and whether there are more. */
  complete(question: CompletionQuestion, call: SurfaceCall): Promise<{
    readonly values: readonly string[];
    readonly hasMore: boolean;
  }>;
}

/** A request as authentication sees it. */
export interface IncomingCall {
  readonly headers: Headers;
  /** Names and values in turn, repeated headers one by one. */
  readonly rawHeaders: readonly string[];
  /** Undefined without TLS, or where no certificate was shown. */
  readonly peer: PeerCertificates | undefined;
}

/** Somebody who was let in, and what is done for them. */
export interface Visitor extends Pick<ToolCall, "caller" | "cluster" | "coders"> {
  /** Lets go of what was opened for this request. */
  close?(): void;
}

export type Admission =
  | { readonly visitor: Visitor }
  | {
    readonly refusal: {
      readonly status: 401 | 403 | 503;
      readonly message: string;
      /** Of the header `WWW-Authenticate`. */
      readonly challenge?: string;
      /** When trying again makes sense. */
      readonly retryAfterSeconds?: number;
      /** What was refused is fixed for the connection: who connects again may be let in. */
      readonly closeConnection?: true;
    };
  };

/** Lets callers in. Rejects with the reason of `signal` alone. */
export type Admit = (call: IncomingCall, signal: AbortSignal) => Promise<Admission>;

/** One call of a tool, a resource or a prompt, on record. Written as JSON with these names. */
export interface McpAuditRecord {
  /** RFC 3339 with milliseconds. */
  readonly time: string;
  readonly level: "info" | "warn";
  /** Such as `tools/call`. */
  readonly method: string;
  readonly caller: string;
  readonly caller_method: string;
  /** A tool, a prompt or a URI. */
  readonly tool: string;
  /** Redacted, and cut where they are long; of sandbox sessions their SHA-256 and size in bytes as JSON alone. */
  readonly arguments: unknown;
  /** Of the sandbox where it was one, of the protocol otherwise. */
  readonly session_id?: string;
  readonly workspace_id?: string;
  readonly trace_id?: string;
  readonly duration_ms: number;
  readonly success: boolean;
  /** Whether something was changed. */
  readonly changed: boolean;
  /** A `ToolErrorCode`, and its message. */
  readonly error?: string;
  readonly message?: string;
}

/** Must not throw, and keeps nobody waiting. */
export type AuditSink = (record: McpAuditRecord) => void;

/** What the protocol is served with. */
export interface ServingWorld extends Pick<RunOptions, "plans" | "redaction"> {
  readonly surface: Surface;
  readonly audit: AuditSink;
  /** A secret that all replicas share, for session ids and the state of questions: at least 32 bytes. */
  keys(): { readonly current: Uint8Array; readonly all: readonly Uint8Array[] };
}
