/** What keeps a control plane's workspaces and templates from being shown as Kubernetes resources as the spec has it. */
import type { CoderControlPlane } from "../api/control_plane.ts";
import { byAge, hasDot, isAccessDisabled, namingOf } from "../api/control_plane_naming.ts";
import { keyOf, keyText, type ObjectKey } from "../api/object.ts";
import type { Informer } from "../kube/informer.ts";
import type { Trouble } from "../operator/pass/report.ts";
import type { Predicate } from "../reconciler/predicate.ts";
import { type Source, watching } from "../reconciler/source.ts";

type Planes = Pick<Informer<CoderControlPlane>, "list">;

/** Where nothing is shown by the user's own wish, there is nothing to warn of. */
export function aggregationWarnings(object: CoderControlPlane, planes: Planes): Trouble[] {
  if (isAccessDisabled(object)) return [];
  if (hasDot(object)) {
    return [{
      reason: "NameHasDot",
      message:
        "The name of this control plane has a dot, which parts the names of workspaces and templates: they " +
        "are not shown as Kubernetes resources. Make a control plane without a dot in its name for that",
    }];
  }
  if (!wishesPlain(object)) return [];
  const [first] = planes.list({ namespace: keyOf(object).namespace }).filter(wishesPlain).map(facts).sort(
    byAge,
  );
  if (first === undefined || first.id === keyText(keyOf(object))) return [];
  return [{
    reason: "PlainNamesTaken",
    message:
      `spec.aggregation.naming is Plain, and so it is for the older control plane ${first.name}: of several in ` +
      "one namespace the oldest has plain names, and names of this one begin with its own. Set it to Prefixed here, " +
      "or to another value there",
  }];
}

/** Wakes those that wish for plain names when another of their namespace comes, goes or changes what decides. */
export function aggregationSource(planes: Informer<CoderControlPlane>): Source {
  return watching(planes, (object) => wishersBeside(object, planes), { predicate: namesMatter });
}

function wishersBeside(object: CoderControlPlane, planes: Planes): ObjectKey[] {
  const { namespace, name } = keyOf(object);
  return planes.list({ namespace }).filter(wishesPlain).map(keyOf).filter((key) => key.name !== name);
}

const namesMatter: Predicate<CoderControlPlane> = {
  added: wishesPlain,
  updated: (before, after) =>
    wishesPlain(before) !== wishesPlain(after) ||
    (wishesPlain(after) && before.metadata.uid !== after.metadata.uid),
  deleted: wishesPlain,
};

function wishesPlain(object: CoderControlPlane): boolean {
  return !hasDot(object) && !isAccessDisabled(object) && namingOf(object) === "Plain";
}

function facts(object: CoderControlPlane): { id: string; createdAt: string; name: string } {
  const key = keyOf(object);
  return { id: keyText(key), createdAt: object.metadata.creationTimestamp ?? "", name: key.name };
}
