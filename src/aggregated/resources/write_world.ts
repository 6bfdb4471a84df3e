/** What the storages that are written need of the world. */
import type { Source } from "../../actions/templates/mod.ts";
import type { Workbench } from "../../actions/workbench.ts";
import type { TemplateSource } from "../../api/template.ts";
import type { KubeUser } from "../../identity/mod.ts";
import type { Backend } from "../../inventory/mod.ts";
import type { Keeping } from "../../shadow/mod.ts";
import type { WriteAuditHook } from "../writing/writer.ts";

/** How a namespace fares. */
export type NamespaceState = "active" | "ending" | "missing";

/** What a source of templates gives. */
export interface FirstContent {
  /** Commit, or digest. */
  readonly revision: string;
  /** For people, with the version that is made of it. */
  readonly message: string;
  readonly entries: NonNullable<Source["entries"]>;
}

export interface WriteWorld {
  /** Told of every write. @default nobody is */
  readonly audit?: WriteAuditHook;
  /** The same for the same Coder. */
  workbench(backend: Backend): Workbench;
  keeping(backend: Backend): Keeping;
  /** As the API server has it at this moment, not as some cache does. */
  namespaceState(namespace: string, signal: AbortSignal): Promise<NamespaceState>;
  /** Whether it is there and is not being deleted, as far as is known without a question. @default {nothing is known} */
  isActive?(namespace: string): boolean;
  /**
   * One key of a Secret, for a caller who may get it. Throws `StatusError` 403 where the caller may not, 422 where it is
   * not there.
   */
  secretValue(
    secret: { readonly namespace: string; readonly name: string; readonly key: string },
    caller: KubeUser,
    signal: AbortSignal,
  ): Promise<string>;
  /** Rejects with `StatusError` 403 where the caller may not get a Secret that something of theirs names. */
  mayGetSecret?(
    secret: { readonly namespace: string; readonly name: string },
    caller: KubeUser,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * The files of a source as it is now, for a caller who may get the Secret that it names. Throws `StatusError`: 403 where
   * the caller may not, 422 where the source cannot be read. Absent: nobody follows sources.
   */
  readSource?(
    source: TemplateSource,
    namespace: string,
    caller: KubeUser,
    signal: AbortSignal,
  ): Promise<FirstContent>;
}
