/** What the rules of provisioners ask their facts. */
import { timeText } from "../../core_events.ts";
import type { DaemonFacts } from "../../coder_facts.ts";
import type { Facts } from "../../facts.ts";
import { time } from "../../foreign.ts";
import { conditionOf, isReadyPod, type PodView, podView } from "../../pods/pod_view.ts";
import { type ProvisionerView, provisionerView } from "../../provisioner_view.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, NextStep } from "../../types.ts";

/** The subject, where it could be read and is not on its way out. */
export function subjectOf(facts: Facts): ProvisionerView | undefined {
  const object = valueOf(facts.provisioner);
  if (object === undefined) return undefined;
  const view = provisionerView(object);
  return view.deletingSince === 0 ? view : undefined;
}

/** Its pods; undefined where they were not read. */
export function podsOf(facts: Facts): readonly PodView[] | undefined {
  return valueOf(facts.pods)?.map(podView);
}

/** Ready pods with the time since when, in milliseconds since 1970. */
export function readyPods(facts: Facts): readonly { readonly pod: PodView; readonly since: number }[] {
  return (podsOf(facts) ?? []).filter(isReadyPod).map((pod) => ({
    pod,
    since: conditionOf(pod, "Ready")?.at ?? 0,
  }));
}

/** Daemons of this provisioner, by the names of its pods or of its key; undefined where Coder was not asked. */
export function ownDaemons(facts: Facts, view: ProvisionerView): readonly DaemonFacts[] | undefined {
  const names = new Set((podsOf(facts) ?? []).map(({ name }) => name));
  return valueOf(facts.daemons)?.filter(({ name, keyName }) =>
    names.has(name) || (view.key.name !== "" && keyName === view.key.name)
  );
}

/** Coder shows daemons to whoever looks, or keys: where it shows neither, it may be for want of rights. */
export function areDaemonsShown({ daemons, keys }: Facts): boolean {
  return (valueOf(daemons) ?? []).length > 0 ||
    (daemons?.state === "seen" && (valueOf(keys) ?? []).length > 0);
}

/** It has a connection to Coder. */
export function isConnected({ status }: Pick<DaemonFacts, "status">): boolean {
  return status === "idle" || status === "busy";
}

/** The last line of its pods' logs that says it. */
export function lineOf(facts: Facts, pattern: RegExp): Evidence | undefined {
  for (const { container, lines, namespace, pod } of valueOf(facts.podLogs) ?? []) {
    const quote = lines.findLast((line) => pattern.test(line));
    if (quote !== undefined) {
      return { source: `log of pod ${namespace}/${pod}, container ${container}`, quote };
    }
  }
  return undefined;
}

/** Quotes what Coder says of a daemon. */
export function daemonEvidence({ name, keyName, lastSeenAt, status, version }: DaemonFacts): Evidence {
  const at = time(lastSeenAt);
  return {
    source: `daemon ${name} in Coder`,
    ...(at === 0 ? {} : { at: timeText(at) }),
    quote: `${status}, version ${version || "unknown"}, key ${keyName || "unknown"}`,
  };
}

/** Its spec, for changing it. */
export function editStep(view: ProvisionerView, text: string): NextStep {
  return { text, command: `kubectl -n ${view.namespace} edit coderprovisioner ${view.name}` };
}

/** The logs of its daemons. */
export function logStep(view: ProvisionerView): NextStep {
  return {
    text: "Read what the daemons say.",
    command: `kubectl -n ${view.namespace} logs deployment/${view.deployment} --tail=50`,
  };
}
