/** Values of Coder's Helm chart → the CoderControlPlane that runs the same Coder. */
import {
  type CoderControlPlane,
  CoderControlPlanes,
  controlPlaneDefinition,
  type ControlPlaneSpecInput,
} from "../../api/control_plane.ts";
import { apiVersionOf } from "../../api/object.ts";
import { SERVICE_NAME } from "../../api/patterns.ts";
import { CHART_DEFAULTS, mergeValues } from "./chart_defaults.ts";
import { ConvertError } from "./convert_error.ts";
import { environmentFields } from "./environment.ts";
import { exposureFields } from "./exposure.ts";
import { imageFields } from "./image.ts";
import { withinLimits } from "./limits.ts";
import type { Note } from "./note.ts";
import { podFields } from "./pods.ts";
import { rightsFields } from "./rights.ts";
import { serviceFields } from "./service.ts";
import { ValueReader } from "./value_reader.ts";
import type { Fields } from "./values_text.ts";

/** What the values do not tell. */
export interface ConvertOptions {
  /** Name of the control plane, and so of its Deployment and its Service. @default {"coder"}, as in the chart */
  readonly name?: string | undefined;
  /** Its namespace. Without one, kubectl's counts. */
  readonly namespace?: string | undefined;
  /** Version of the chart, which is that of Coder: `2.30.0`. It is the image's tag where the values name none. */
  readonly chartVersion?: string | undefined;
}

/** A converted release. */
export interface Conversion {
  readonly object: CoderControlPlane & { spec: ControlPlaneSpecInput };
  /** In the order of the values. */
  readonly notes: readonly Note[];
}

/**
 * Converts the user's values. Fields that have the operator's defaults anyway are left out. Throws
 * {@linkcode ConvertError} where there is no such control plane.
 */
export function convertHelmValues(given: Fields, options: ConvertOptions = {}): Conversion {
  const { name = "coder", namespace, chartVersion } = options;
  if (name.length > 63 || !new RegExp(SERVICE_NAME).test(name)) {
    throw new ConvertError(
      `"${name}" cannot name a control plane: at most 63 lower-case letters, digits and '-', a letter first`,
    );
  }
  const values = new ValueReader(mergeValues(CHART_DEFAULTS, given), given);
  if (values.flag("coder.workspaceProxy")) {
    throw new ConvertError(
      "these values are of a workspace proxy (coder.workspaceProxy: true): write a CoderWorkspaceProxy with its image, " +
        "replicas, primaryAccessURL (CODER_PRIMARY_ACCESS_URL) and proxySessionTokenSecretRef",
    );
  }
  const spec: ControlPlaneSpecInput = {
    ...imageFields(values, chartVersion),
    ...serviceFields(values),
    ...environmentFields(values),
    ...rightsFields(values, name, namespace ?? ""),
    ...exposureFields(values),
    ...podFields(values, name),
  };
  elsewhere(values, name);
  const accepted = withinLimits(controlPlaneDefinition.spec, spec, "spec", (path, what) => {
    values.warn(path, `would be refused and was left out: it ${what}`);
  });
  for (const path of values.unread()) {
    values.warn(path, "is not a value of the chart that this program knows, and was left out");
  }
  return {
    object: {
      apiVersion: apiVersionOf(CoderControlPlanes),
      kind: CoderControlPlanes.kind,
      metadata: { name, ...(namespace !== undefined && { namespace }) },
      spec: accepted ?? {},
    },
    notes: values.notes,
  };
}

/** Values that a control plane has no field for. */
function elsewhere(values: ValueReader, name: string): void {
  const override = values.text("nameOverride");
  if (override !== undefined && override !== name) {
    values.warn(
      "nameOverride",
      `the Deployment is called ${name}, as the Service is and was; --name gives another name`,
    );
  }
  values.list("extraTemplates").forEach((template, index) => {
    const text = typeof template === "string" ? template : JSON.stringify(template);
    const kind = /"?\bkind"?:\s*"?([A-Za-z]+)/.exec(text)?.[1] ?? "an object";
    values.warn(`extraTemplates[${index}]`, `${kind} of your own: apply it yourself with kubectl`);
  });
}
