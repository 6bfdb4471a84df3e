/** The state of a provisioner. */
import { timeText } from "../core_events.ts";
import type { DaemonFacts } from "../coder_facts.ts";
import type { Facts } from "../facts.ts";
import { number, record } from "../foreign.ts";
import { tagText } from "../../coder/mod.ts";
import { type ProvisionerView, provisionerView } from "../provisioner_view.ts";
import { areDaemonsShown, isConnected, ownDaemons } from "../rules/provisioners/seen.ts";
import { valueOf } from "../seen.ts";
import type { StateTeller } from "./teller.ts";

/** In one sentence. */
export const provisionerState: StateTeller = (facts) => {
  const object = valueOf(facts.provisioner);
  if (object === undefined) return { state: "The provisioner could not be read.", isWell: false };
  const view = provisionerView(object);
  const said = (state: string, isWell = false) => ({ state, isWell });
  if (view.deletingSince > 0) return said(`It is being deleted since ${timeText(view.deletingSince)}.`);
  if (wanted(facts, view) === 0) {
    return said(`It is scaled to zero: no pod is wanted, ${zeroWords(view)}.`, true);
  }
  const ready = view.conditions.find(({ type }) => type === "Ready");
  if (ready === undefined) return said("It is new: the operator has not looked at it yet.");
  const own = ownDaemons(facts, view);
  const pods = podWords(facts, view);
  if (ready.status !== "True") {
    return said(`It is not ready: ${sentence(ready.message || ready.reason)} ${pods}.`);
  }
  if (own === undefined || !areDaemonsShown(facts)) {
    return said(`${pods}; whether daemons are connected was not seen.`, true);
  }
  const connected = own.filter(isConnected);
  if (connected.length === 0) return said(`${pods}, and no daemon is connected to Coder.`);
  return said(`${pods}; ${daemonWords(connected)} connected, with ${tagWords(view)}.`, true);
};

/** Pods that are wanted now; undefined where that is not known. */
function wanted(facts: Facts, { replicas }: ProvisionerView): number | undefined {
  if (replicas !== undefined) return replicas;
  const deployment = valueOf(facts.deployment);
  return deployment === undefined ? undefined : number(record(record(deployment).spec)["replicas"]);
}

function zeroWords({ replicas }: ProvisionerView): string {
  return replicas === undefined
    ? "for there is no work and spec.autoscale lets it be"
    : "as spec.replicas says";
}

function podWords(facts: Facts, view: ProvisionerView): string {
  const count = wanted(facts, view);
  return count === undefined ? `${view.ready} pods are ready` : `${view.ready} of ${count} pods are ready`;
}

function daemonWords(daemons: readonly DaemonFacts[]): string {
  const busy = daemons.filter(({ status }) => status === "busy").length;
  const work = `(${daemons.length - busy} idle, ${busy} busy)`;
  return daemons.length === 1 ? `1 daemon ${work} is` : `${daemons.length} daemons ${work} are`;
}

function tagWords({ tags }: ProvisionerView): string {
  const words = tagText(tags);
  return words === undefined ? "no tags" : `the tags ${words}`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
