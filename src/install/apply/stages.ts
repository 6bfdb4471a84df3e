/** What is applied when, so that a change of shape leaves nobody without an answer. Pure. */
import type { KubeObject } from "../../api/object.ts";
import { sameness } from "./objects.ts";

type Labels = Readonly<Record<string, string>>;

/**
 * The objects in stages: the Deployments of each are to be rolled out before the next begins.
 *
 * A Service that is to lead to other pods goes to them when they are there, and the pods that it led to stay as they are
 * until then. The APIService comes last: without a server no namespace could be deleted.
 *
 * @param before what is there, of the same objects
 */
export function stagesOf(objects: readonly KubeObject[], before: readonly KubeObject[]): KubeObject[][] {
  const live = new Map(before.map((object) => [sameness(object), object]));
  const moving = objects.filter((object) =>
    object.kind === "Service" && moves(object, live.get(sameness(object)))
  );
  const isTarget = (object: KubeObject) =>
    moving.some((service) => selects(selectorOf(service), podLabelsOf(object)));
  const isLast = ({ kind }: KubeObject) => kind === "APIService";
  const isLater = (object: KubeObject) =>
    moving.includes(object) || (moving.length > 0 && object.kind === "Deployment" && !isTarget(object));
  const stages = [
    objects.filter((object) => !isLater(object) && !isLast(object)),
    objects.filter(isLater),
    objects.filter(isLast),
  ];
  return stages.filter((stage) => stage.length > 0);
}

function moves(desired: KubeObject, live: KubeObject | undefined): boolean {
  const [wanted, now] = [selectorOf(desired), live && selectorOf(live)];
  return now !== undefined && !(selects(wanted, now) && selects(now, wanted));
}

function selectorOf(service: KubeObject): Labels | undefined {
  return (service as { spec?: { selector?: Labels } }).spec?.selector;
}

function podLabelsOf(object: KubeObject): Labels | undefined {
  return (object as { spec?: { template?: { metadata?: { labels?: Labels } } } }).spec?.template?.metadata
    ?.labels;
}

function selects(selector: Labels | undefined, labels: Labels | undefined): boolean {
  return labels !== undefined &&
    Object.entries(selector ?? {}).every(([name, value]) => labels[name] === value);
}
