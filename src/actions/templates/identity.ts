/** Knowing a version again by what it was made of: in its name, which Coder keeps unique, and in its message. */
import { createHash, scryptSync } from "node:crypto";
import type { VersionInputs } from "./types.ts";

/** What a version was made of. */
export interface Identity {
  /** Hash of the text files that are shown (`textHash`). */
  readonly text: string;
  /** Hash of everything (`contentHash`). */
  readonly content: string;
  /** Hash of tags and variables; `none` without any. */
  readonly inputs: string;
}

const MARK =
  /^coder-k8s: text (sha256:[0-9a-f]{64}) content (sha256:[0-9a-f]{64}) inputs (none|sha256:[0-9a-f]{64})$/m;

/** The message of a version: words for people, and a line for us. */
export function messageOf(words: string | undefined, { text, content, inputs }: Identity): string {
  const said = (words ?? "").replaceAll(/^coder-k8s: /gm, "coder-k8s ").trim();
  return `${said === "" ? "" : `${said}\n\n`}coder-k8s: text ${text} content ${content} inputs ${inputs}`;
}

/** What a message says; undefined where the version was made by somebody else. */
export function identityOf(message: string): Identity | undefined {
  const [, text, content, inputs] = MARK.exec(message) ?? [];
  return text === undefined || content === undefined || inputs === undefined
    ? undefined
    : { text, content, inputs };
}

export function isSameIdentity(a: Identity | undefined, b: Identity): boolean {
  return a !== undefined && a.content === b.content && a.inputs === b.inputs;
}

/**
 * The name of a version that has this identity: equal content has an equal name, so that no replica builds what another
 * has built, or is building. `attempt`: from 1, for those that failed before.
 */
export function versionName({ content, inputs }: Identity, attempt: number): string {
  const short = createHash("sha256").update(`${content} ${inputs}`).digest("hex").slice(0, 16);
  return attempt <= 1 ? `k8s-${short}` : `k8s-${short}-${attempt}`;
}

/**
 * Hash of tags and variables. Values of variables may be secrets, and whoever sees the template sees the hash: trying
 * values out is made expensive.
 */
export function inputsHash({ tags = {}, variables = [] }: VersionInputs, salt: string): string {
  const sorted = <T>(pairs: [string, T][]) => pairs.sort(([a], [b]) => a < b ? -1 : 1);
  const names = sorted(variables.map(({ name, value }) => [name, value]));
  const pairs = sorted(Object.entries(tags));
  if (names.length + pairs.length === 0) return "none";
  const plain = JSON.stringify([pairs, names]);
  const digest = names.length === 0
    ? createHash("sha256").update(plain).digest("hex")
    : scryptSync(plain, salt, 32).toString("hex");
  return `sha256:${digest}`;
}
