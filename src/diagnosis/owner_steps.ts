/** Evidence and next steps that rules about control planes and proxies share. */
import { timeText } from "./core_events.ts";
import type { Facts } from "./facts.ts";
import type { OwnerView } from "./owner_view.ts";
import type { ConditionView } from "./pods/pod_view.ts";
import { kubectl } from "./pods/steps.ts";
import type { Evidence, NextStep } from "./types.ts";

/** Quotes a condition. */
export function quoteCondition(of: string, { type, reason, message, at }: ConditionView): Evidence {
  return {
    source: `condition ${type} of ${of}`,
    ...(at === 0 ? {} : { at: timeText(at) }),
    quote: message === "" ? `${reason}` : `${reason}: ${message}`,
  };
}

/** What was just seen, or not, of an object. */
export function quoteNow(facts: Facts, source: string, quote: string): Evidence {
  return { source, at: timeText(facts.now), quote };
}

/** Changes the spec of an object. */
export function editOwner({ namespace, resource, name }: OwnerView, text: string): NextStep {
  return { text, command: kubectl(namespace, "edit", resource, name) };
}

/** All that the operator says of it. */
export function seeOwner({ kind, namespace, resource, name }: OwnerView): NextStep {
  const tool = {
    CoderControlPlane: "get_control_plane_status",
    CoderWorkspaceProxy: "get_workspace_proxy_status",
    CoderProvisioner: "get_provisioner_status",
  }[kind];
  return {
    text: "See what the operator says of it.",
    command: kubectl(namespace, "describe", resource, name),
    ...(tool === undefined ? {} : { tool: { name: tool, arguments: { namespace, name } } }),
  };
}

/** ` since 2026-11-22T08:00:00Z`, or nothing. */
export function since(at: number): string {
  return at === 0 ? "" : ` since ${timeText(at)}`;
}
