/** Container probes from the resources' short form. */
import type { Probe } from "../api/kubernetes/types.ts";

/** `spec.readinessProbe` and `spec.livenessProbe`. Times are in seconds. */
export interface ProbeSettings {
  enabled?: boolean | undefined;
  initialDelaySeconds?: number | undefined;
  periodSeconds?: number | undefined;
  timeoutSeconds?: number | undefined;
  successThreshold?: number | undefined;
  failureThreshold?: number | undefined;
}

/** An HTTP probe of `/healthz`, or undefined where it is off. `onByDefault` counts where `enabled` is absent. */
export function healthProbe(settings: ProbeSettings | undefined, onByDefault: boolean): Probe | undefined {
  if (!(settings?.enabled ?? onByDefault)) return undefined;
  const delay = settings?.initialDelaySeconds ?? 0;
  return {
    httpGet: { path: "/healthz", port: "http", scheme: "HTTP" },
    // The API server does not keep a zero: sent, it would look like a difference for ever.
    ...(delay !== 0 && { initialDelaySeconds: delay }),
    periodSeconds: settings?.periodSeconds ?? 10,
    timeoutSeconds: settings?.timeoutSeconds ?? 1,
    successThreshold: settings?.successThreshold ?? 1,
    failureThreshold: settings?.failureThreshold ?? 3,
  };
}
