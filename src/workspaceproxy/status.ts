/** The status of a workspace proxy that follows a pass. */
import type { WorkspaceProxy, WorkspaceProxyStatus } from "../api/workspace_proxy.ts";
import type { ConditionWords } from "../operator/pass/conditions.ts";
import { nextStatus as nextSharedStatus, type StatusFacts } from "../operator/pass/status.ts";
import { selectorText } from "../workload/labels.ts";
import { childLabels } from "./children.ts";
import { CONTAINER } from "./pod_template.ts";
import { tokenSecretOf } from "./registration/mod.ts";
import type { ReportedStatus } from "./results.ts";

const WORDS: ConditionWords = {
  running: "The proxy runs",
  noun: "workspace proxy",
  resource: "coderworkspaceproxy",
  purpose: "carry connections",
};

/** What a pass found out. */
export interface PassFacts extends Omit<StatusFacts<ReportedStatus>, "words" | "warnings"> {
  /** Undefined where the object could not be read. */
  proxy: WorkspaceProxy | undefined;
}

/**
 * See the shared one. What is on record of the registration stays as it is: visits write it. What depends on the spec
 * stays where the object could not be read.
 */
export function nextStatus(before: WorkspaceProxyStatus | undefined, facts: PassFacts): WorkspaceProxyStatus {
  const { deployment, proxy } = facts;
  const status = nextSharedStatus<WorkspaceProxyStatus>(before, { ...facts, words: WORDS, warnings: [] });
  const pods = deployment?.status?.replicas ?? 0;
  const image = deployment?.spec?.template.spec?.containers.find(({ name }) => name === CONTAINER)?.image;
  const { replicas: _replicas, image: _image, proxyTokenSecretRef: known, ...rest } = status;
  const token = proxy === undefined ? known : tokenSecretOf(proxy);
  return {
    ...rest,
    ...(pods > 0 && { replicas: pods }),
    ...(image !== undefined && { image }),
    ...(token !== undefined && { proxyTokenSecretRef: token }),
    ...(proxy !== undefined && { selector: selectorText(childLabels(proxy)) }),
  };
}
