/** What is rendered while an upgrade waits: the spec as it is, with the image that is to run now. */
import type { ControlPlane } from "../../api/control_plane.ts";

/** `controlPlane` under another image; the same object where the image is the spec's. */
export function effective(controlPlane: ControlPlane, image: string | undefined): ControlPlane {
  if (image === undefined || image === controlPlane.spec.image) return controlPlane;
  return { ...controlPlane, spec: { ...controlPlane.spec, image } };
}
