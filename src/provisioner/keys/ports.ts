/** What keys need of the world. The reconciler implements it with its clients and caches. */
import type { CoderClient } from "../../coder/mod.ts";
import type { KeyHome, KeyRecord, SecretView } from "./types.ts";

/** The calls about keys. */
export type KeyCalls = Pick<CoderClient["provisioners"], "createKey" | "deleteKey" | "listKeys">;

/** The way to a deployment. */
export type CoderWay =
  | {
    readonly way: "open";
    readonly keys: KeyCalls;
    /** Which deployment answers there now, where it is known. */
    readonly deploymentId?: string | undefined;
  }
  /** Not now: Coder is not ready, or there are no credentials yet. */
  | { readonly way: "closed"; readonly message: string }
  /** Never again: the control plane is gone, and with it its credentials. */
  | { readonly way: "gone"; readonly message: string };

/** See the file's head. */
export interface KeyPorts {
  /**
   * The record as it is stored now, not as a cache has it; undefined where the provisioner is gone or being deleted. It is
   * read in passes that make or delete a key, before they do so.
   */
  storedRecord(signal: AbortSignal): Promise<KeyRecord | undefined>;
  /** The Secret as it is now, not as a cache has it. Throws what the API server refuses. */
  readSecret(signal: AbortSignal): Promise<SecretView>;
  /**
   * Puts a key into the Secret, with `secretAnnotations` beside it. Other keys of its data stay until all pods are
   * rolled. Throws what the API server refuses.
   */
  writeSecret(key: { readonly name: string; readonly value: string }, signal: AbortSignal): Promise<void>;
  /** The way to a deployment, with the credentials that `home` names. */
  coder(home: KeyHome, signal: AbortSignal): Promise<CoderWay>;
}
