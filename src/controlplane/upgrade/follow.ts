/** Follows the rollout of an image that was let through: stops it where it does not become ready, and goes on. Pure. */
import type { Deployment } from "../../api/kubernetes/types.ts";
import { shortHash } from "../../kube/apply/canonical_json.ts";
import { INPUTS_ANNOTATION } from "../../workload/template_decision.ts";
import { rolloutOf } from "../../operator/children/rollout.ts";
import { type RolloutState, templateImage } from "./rollout_state.ts";
import { isRolledOut, newPods } from "./upgrade_facts.ts";

/** Seconds without progress that a rollout of another image may take; migrations count as no progress. */
export const PROGRESS_DEADLINE = 1_800;

/** How far it is. */
export type Phase = "complete" | "rollingOut" | "waitingForMigrations" | "stopped";

/** What is known. */
export interface FollowFacts {
  /** As it should be written, before this look at it. */
  state: RolloutState;
  /** The live Deployment. */
  deployment: Deployment | undefined;
  /** The hash of what the pod template is made from now. */
  inputs: string;
  /** Annotations of the Deployment about what else it is made from, Secrets among it. @default {{}} */
  recorded?: Readonly<Record<string, string>>;
  /** The value of the annotation that asks for another try. */
  retry: string;
  now: Date;
}

/** What follows. */
export interface Follow {
  state: RolloutState;
  phase: Phase;
  /** Hold the Deployment's rollout. */
  paused: boolean;
  /** Look again after so many milliseconds: the time is not up yet. */
  lookAgainMs?: number;
}

/** See the file's head. */
export function follow({ state, deployment, inputs, recorded = {}, retry, now }: FollowFacts): Follow {
  const { stopped, ...going } = state;
  // The Deployment has yet to get this image: nothing that it says is about it.
  if (deployment === undefined || templateImage(deployment) !== state.image) {
    return { state: going, phase: "rollingOut", paused: false };
  }
  const pods = newPods(deployment);
  const next: RolloutState = pods.ready > 0 ? { ...going, ready: true } : going;
  if (isRolledOut(deployment, state.image)) return { state: next, phase: "complete", paused: false };
  const phase = pods.count > 0 && pods.ready === 0 ? "waitingForMigrations" : "rollingOut";
  const goOn = (again: boolean): Follow => ({
    state: again ? { ...next, tried: now.toISOString() } : next,
    phase,
    paused: false,
  });
  const ready = pods.count > 0 && pods.ready >= pods.count;
  const attempt = shortHash({ inputs, recorded, retry });
  const paused = deployment.spec?.paused === true;
  if (stopped !== undefined) {
    // Somebody resumed it, it recovered by itself, or something was changed.
    if (!paused || ready || stopped !== attempt) return goOn(true);
    return { state: { ...next, stopped }, phase: "stopped", paused: true };
  }
  // What the pods are made from changes right now: the time starts anew.
  const sources = Object.entries({ ...recorded, [INPUTS_ANNOTATION]: inputs });
  if (sources.some(([name, value]) => deployment.metadata.annotations?.[name] !== value)) return goOn(true);
  if (rolloutOf(deployment).stuck === undefined || ready || paused) return goOn(false);
  const deadline = (deployment.spec?.progressDeadlineSeconds ?? PROGRESS_DEADLINE) * 1_000;
  const left = Date.parse(state.tried ?? state.since) + deadline - now.getTime();
  if (left > 0) return { ...goOn(false), lookAgainMs: left };
  return { state: { ...next, stopped: attempt }, phase: "stopped", paused: true };
}
