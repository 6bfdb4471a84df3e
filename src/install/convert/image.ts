/** Image and registry. */
import type { ControlPlaneSpecInput } from "../../api/control_plane.ts";
import { CHART_VERSION } from "./chart_defaults.ts";
import type { ValueReader } from "./value_reader.ts";

/** `spec.image` and `spec.imagePullSecrets`. `chartVersion`: where the values name no tag, the chart's version counts. */
export function imageFields(values: ValueReader, chartVersion: string | undefined): ControlPlaneSpecInput {
  const repository = values.text("coder.image.repo")?.trim() ?? "ghcr.io/coder/coder";
  const tag = values.text("coder.image.tag")?.trim() ??
    (chartVersion === undefined ? undefined : `v${chartVersion.replace(/^v/, "")}`);
  if (tag === undefined) {
    values.warn(
      "coder.image.tag",
      "is not set: the chart takes its own version, which the values do not tell. Give it with --chart-version " +
        `(such as ${CHART_VERSION}; helm list shows it), or correct spec.image`,
    );
  }
  pullPolicy(values, tag ?? "latest");
  const secrets = values.structures("coder.image.pullSecrets", "LocalObjectReference");
  return {
    image: `${repository}:${tag ?? "latest"}`,
    ...(secrets.length > 0 && { imagePullSecrets: secrets }),
  };
}

/** There is no field for it, and Kubernetes' own choice is right nearly always. */
function pullPolicy(values: ValueReader, tag: string): void {
  const wanted = values.text("coder.image.pullPolicy")?.trim();
  const chosen = tag === "latest" ? "Always" : "IfNotPresent";
  if (wanted === undefined || wanted === chosen || !values.isGiven("coder.image.pullPolicy")) return;
  values.warn(
    "coder.image.pullPolicy",
    `${wanted} cannot be set: Kubernetes chooses ${chosen} for this image. Name images by a version or a digest`,
  );
}
