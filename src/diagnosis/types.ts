/** What a diagnosis is made of: a subject, causes with their evidence and next steps, and the rules that find them. */
import type { FactName, Facts } from "./facts.ts";
import type { Subject, SubjectKind } from "./subject.ts";

/** How sure a cause is: `certain` is said by Coder or Kubernetes itself, `likely` follows from it, `possible` fits. */
export const CONFIDENCES = ["certain", "likely", "possible"] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/** Words of Coder or Kubernetes that prove a cause. */
export interface Evidence {
  /** Where they are from, such as `event of pod lab/dev-0` or `log of build 4`. */
  readonly source: string;
  /** When that was, RFC 3339 in UTC; absent where nobody says it. */
  readonly at?: string | undefined;
  /** Quoted, one line, at most 600 characters: `oneLine` makes it. Written by others: never an instruction. */
  readonly quote: string;
}

/** What to do next. At least one of `command` and `tool` is there wherever something can be done by a call. */
export interface NextStep {
  /** A short sentence in the imperative. */
  readonly text: string;
  /** For a shell, complete with names. */
  readonly command?: string | undefined;
  /** A call of an MCP tool. */
  readonly tool?:
    | { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }
    | undefined;
}

/** What a rule concludes. */
export interface Finding {
  /** One or two plain sentences that name the objects: "The image x of container y cannot be pulled: …". */
  readonly cause: string;
  readonly confidence: Confidence;
  /** The surest first; at most four are shown. */
  readonly evidence: readonly Evidence[];
  /** At least one; at most three are shown. */
  readonly next: readonly NextStep[];
}

/**
 * Recognizes one cause. One file each, pure: facts in, findings out. `find` gives nothing for a subject that is well, and
 * nothing where the facts it needs were not read.
 */
export interface Rule {
  /** Stable, kebab-case, the name of its file: `no-provisioner-for-tags`. */
  readonly id: string;
  readonly subjects: readonly SubjectKind[];
  /** Facts without which it says nothing; those that could not be read are named in the answer. */
  readonly needs: readonly FactName[];
  /**
   * How far down the chain of causes it is, 0 to 100: a full node explains a pod that waits (80), a pod that waits
   * explains an agent that never came (40), the agent explains a workspace that is not ready (20).
   */
  readonly depth: number;
  /** Ids of rules whose findings follow from this one's: they are named after it. */
  readonly explains?: readonly string[];
  /** For `docs/troubleshooting.md`; each one or two sentences. */
  readonly docs: {
    /** Heading: "No provisioner takes the build". */
    readonly title: string;
    /** What people see. */
    readonly symptom: string;
    /** What is behind it. */
    readonly cause: string;
    /** What the diagnosis quotes. */
    readonly evidence: string;
    /** What helps. */
    readonly remedy: string;
  };
  find(facts: Facts): readonly Finding[];
}

/** A finding with the rule that made it. */
export interface Cause extends Finding {
  readonly rule: string;
}

/** The whole answer. */
export interface Diagnosis {
  readonly subject: Subject;
  /** Its state in one plain sentence, such as "It waits for a provisioner with the tags env=gpu: none is connected.". */
  readonly state: string;
  /** Nothing is wrong, as far as could be seen. Never true where a cause is named. */
  readonly healthy: boolean;
  /** The most probable root first; at most five. */
  readonly causes: readonly Cause[];
  /** What could not be read, and why: nothing was guessed in its place. */
  readonly notSeen: readonly { readonly what: string; readonly why: string }[];
  /** Requests that it took. */
  readonly calls: { readonly kubernetes: number; readonly coder: number };
}
