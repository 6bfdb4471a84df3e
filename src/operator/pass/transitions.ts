/** Events for changes of conditions: each change is told once, after it has been stored. */
import type { Condition } from "../../api/kubernetes/types.ts";
import type { EventType } from "../../kube/events/events.ts";
import { conditionOf } from "../../workload/conditions.ts";

/** One Event to record. */
export interface Transition {
  type: EventType;
  /** CamelCase. */
  reason: string;
  note: string;
}

/** What is told when a condition becomes true, and when it stops being true. */
interface Told {
  type: string;
  becomes?: [EventType, string];
  ends?: [EventType, string];
  /** That it is so from the beginning is no news. @default {false} */
  expected?: boolean;
}

const told: readonly Told[] = [
  { type: "Degraded", becomes: ["Warning", "Degraded"], ends: ["Normal", "Recovered"] },
  { type: "Stalled", becomes: ["Warning", "Stalled"] },
  { type: "Progressing", becomes: ["Normal", "Progressing"], ends: ["Normal", "RolloutEnded"] },
  { type: "Available", becomes: ["Normal", "Available"], ends: ["Warning", "Unavailable"] },
  { type: "Ready", becomes: ["Normal", "Ready"], ends: ["Warning", "NotReady"] },
  { type: "Exposed", becomes: ["Normal", "Exposed"], ends: ["Warning", "NotExposed"] },
  { type: "Upgrading", becomes: ["Normal", "Upgrading"], ends: ["Warning", "UpgradeStopped"] },
  {
    type: "OperatorAccess",
    becomes: ["Normal", "OperatorAccessReady"],
    ends: ["Warning", "OperatorAccessLost"],
  },
  { type: "UpgradePending", becomes: ["Normal", "UpgradePending"] },
  { type: "CoderReachable", becomes: ["Normal", "CoderReachable"], ends: ["Warning", "CoderUnreachable"] },
  { type: "LicenseApplied", becomes: ["Normal", "LicenseApplied"], ends: ["Warning", "LicenseNotApplied"] },
  { type: "FirstUser", becomes: ["Normal", "FirstUserExists"] },
  {
    type: "WorkspaceRBAC",
    becomes: ["Normal", "WorkspaceRBACGranted"],
    ends: ["Normal", "WorkspaceRBACChanged"],
    expected: true,
  },
  { type: "ConfigurationWarning", becomes: ["Warning", "ConfigurationWarning"] },
  // Provisioners. What `DeploymentReady` says, `Available` tells already.
  {
    type: "ControlPlaneReady",
    becomes: ["Normal", "ControlPlaneReady"],
    ends: ["Warning", "ControlPlaneLost"],
    expected: true,
  },
  {
    type: "OperatorAccessReady",
    becomes: ["Normal", "OperatorAccessReady"],
    ends: ["Warning", "OperatorAccessLost"],
    expected: true,
  },
  {
    type: "ExternalProvisionersEntitled",
    becomes: ["Normal", "ExternalProvisionersEntitled"],
    ends: ["Warning", "ExternalProvisionersNotEntitled"],
    expected: true,
  },
  {
    type: "ProvisionerKeyReady",
    becomes: ["Normal", "ProvisionerKeyReady"],
    ends: ["Warning", "ProvisionerKeyNotReady"],
  },
  {
    // That the Secret was made is an Event of its own.
    type: "ProvisionerKeySecretReady",
    ends: ["Warning", "ProvisionerKeySecretNotReady"],
  },
  // Workspace proxies.
  {
    type: "Registered",
    becomes: ["Normal", "RegistrationReady"],
    ends: ["Warning", "RegistrationNotReady"],
  },
  { type: "Healthy", becomes: ["Normal", "ProxyHealthy"], ends: ["Warning", "ProxyNotHealthy"] },
  { type: "Terminating", becomes: ["Normal", "Terminating"] },
];

/** The events of the change from one list of conditions to the next. A condition that starts out false, or goes, says nothing. */
export function transitions(
  before: readonly Condition[] | undefined,
  after: readonly Condition[] | undefined,
): Transition[] {
  return told.flatMap(({ type, becomes, ends, expected }) => {
    const earlier = conditionOf(before, type);
    const was = earlier?.status === "True";
    const now = conditionOf(after, type);
    const is = now?.status === "True";
    if (was === is) return [];
    if (now === undefined || (expected === true && earlier === undefined)) return [];
    const [eventType, reason] = (is ? becomes : ends) ?? [];
    if (eventType === undefined || reason === undefined) return [];
    return [{ type: eventType, reason, note: noteOf(now) }];
  });
}

function noteOf({ message, reason }: Condition): string {
  return `${message} (${reason})`;
}
