/** What wakes a control plane for the ConfigMaps and Secrets that its pods are made from. */
import { type CoderControlPlane, parseControlPlane } from "../../api/control_plane.ts";
import { templateReferences } from "../../operator/children/reference_sources.ts";
import { podTemplate } from "./pod_template.ts";

/** See {@linkcode templateReferences}. */
export function podReferences(object: CoderControlPlane): string[] {
  return templateReferences(object, () => podTemplate(parseControlPlane(object), {}));
}
