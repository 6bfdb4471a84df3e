/** A failure as data: how it is made, where, and what the diagnosis has to say of it. */
import type { SubjectKind } from "../../src/diagnosis/mod.ts";
import type { Asked } from "./asked.ts";

/** Where it is injected: a real cluster alone, a real coderd beside it, or the fake Coder server. */
export type Where = "kubernetes" | "real-coder" | "fake-coder";

/**
 * What a failure changes. Two failures with nothing in common can be injected into the same subject; both have to be
 * named first or second then. `namespace`, `coder` and `cluster` change more than their own subject.
 */
export type Touches =
  | "pod"
  | "events"
  | "build"
  | "agent"
  | "provisioner"
  | "secret"
  | "database"
  | "licence"
  | "certificate"
  | "exposure"
  | "workspace"
  | "control-plane"
  | "namespace"
  | "coder"
  | "cluster";

/** With whose rights the diagnosis looks: `viewer` has a namespace's `view` alone. */
export const RIGHTS = ["viewer", "admin"] as const;
export type Rights = (typeof RIGHTS)[number];

/** @template Rig what the place offers for making it */
export interface Failure<Rig> {
  /** Unique, kebab-case. */
  readonly id: string;
  readonly where: Where;
  readonly subject: SubjectKind;
  readonly touches: readonly Touches[];
  /** Which of `ASKED` it is, where its id does not say so. */
  readonly asked?: Asked | undefined;
  /** The rule that has to be named first or second. */
  readonly rule: string;
  /** What its cause has to say. */
  readonly says: RegExp;
  /** Some quote has to hold this. */
  readonly quotes?: RegExp | undefined;
  /** Who may see what it takes to name it. @default {both} */
  readonly seenBy?: readonly Rights[] | undefined;
  /** The diagnosis is asked so much later than it is made, in milliseconds, by its own clock. @default {0} */
  readonly laterMs?: number | undefined;
  /** What has to be so before the subject is there, such as a field of its spec. */
  prepare?(rig: Rig, name: string): void | Promise<void>;
  /**
   * Makes it, and resolves once the state is there. Resolves with the name of the subject in the rig's namespace.
   *
   * @param name a DNS label for what is made: the same for two failures of one subject
   */
  inject(rig: Rig, name: string): Promise<string>;
}
