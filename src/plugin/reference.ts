/** What people call a workspace, and which one they mean: data in, data out. */
import type { ObjectKey } from "../api/object.ts";

/** A name as it was typed. */
export type Reference =
  /** `acme.alice.dev`, with or without the control plane before it. */
  | { readonly by: "name"; readonly name: string }
  /** `alice/dev` */
  | { readonly by: "owner"; readonly owner: string; readonly workspace: string }
  /** `dev` */
  | { readonly by: "workspace"; readonly workspace: string };

/** A workspace that there is. */
export interface Candidate extends ObjectKey {
  readonly owner: string;
  readonly workspace: string;
}

/** As Coder has names: no dots. */
const PART = /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/;
const CONTROL_PLANE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const KIND = /^(?:cws|coderworkspaces?)(?:\.aggregation\.coder\.com|\.v1alpha1\.aggregation\.coder\.com)?$/i;

export const NAME_FORMS = "<workspace>, <owner>/<workspace> or <organization>.<owner>.<workspace>";

/** Undefined where nothing can be called so. */
export function readReference(text: string): Reference | undefined {
  const [first = "", second, ...more] = text.split("/");
  if (more.length > 0) return undefined;
  if (second !== undefined) {
    // `kubectl get -o name` writes the kind before the slash; no workspace alone has dots.
    if (KIND.test(first) && second.includes(".")) return readReference(second);
    return PART.test(first) && PART.test(second)
      ? { by: "owner", owner: first, workspace: second }
      : undefined;
  }
  const parts = first.split(".");
  if (parts.length === 1) return PART.test(first) ? { by: "workspace", workspace: first } : undefined;
  const [controlPlane = "", ...names] = parts.length === 4 ? parts : ["coder", ...parts];
  const isName = names.length === 3 && names.every((part) => PART.test(part)) &&
    CONTROL_PLANE.test(controlPlane);
  return isName ? { by: "name", name: first } : undefined;
}

/** Undefined where it is no workspace's name. */
export function candidateOf({ namespace, name }: ObjectKey): Candidate | undefined {
  const parts = name.split(".");
  const [owner, workspace] = parts.slice(-2);
  if (parts.length < 3 || parts.length > 4 || owner === undefined || workspace === undefined) {
    return undefined;
  }
  return { namespace, name, owner, workspace };
}

/** Which are meant, of `candidates`. `isOwn` undefined: whose is whose is not known, and does not count. */
export function meant(
  reference: Reference,
  candidates: readonly Candidate[],
  isOwn?: (candidate: Candidate) => boolean,
): { readonly chosen: readonly Candidate[]; /** Of others. */ readonly others: readonly Candidate[] } {
  switch (reference.by) {
    case "name":
      return { chosen: candidates.filter(({ name }) => isNamed(name, reference.name)), others: [] };
    case "owner":
      return {
        chosen: candidates.filter(({ owner, workspace }) =>
          same(owner, reference.owner) && same(workspace, reference.workspace)
        ),
        others: [],
      };
    case "workspace": {
      const all = candidates.filter(({ workspace }) => same(workspace, reference.workspace));
      if (isOwn === undefined) return { chosen: all, others: [] };
      return { chosen: all.filter(isOwn), others: all.filter((one) => !isOwn(one)) };
    }
  }
}

/** A name without its control plane means the workspace, too. */
function isNamed(name: string, asked: string): boolean {
  return name === asked || (asked.split(".").length === 3 && name.split(".").slice(1).join(".") === asked);
}

/** Coder has no two names that differ in case alone. */
function same(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
