/** Times that are yet to come, or that are too old for what they are about: some clock is wrong. */
import type { Facts } from "../../facts.ts";
import { record, text } from "../../foreign.ts";
import { valueOf } from "../../seen.ts";
import { SUBJECT_KINDS } from "../../subject.ts";
import type { Finding, NextStep, Rule } from "../../types.ts";
import { duration, LEAST_MS, type Stamp, stampsOf } from "./clock_times.ts";

/** A clock of somebody else is all that it can be compared with. */
const OURS = "that of coder-k8s here";

/** See the file's head. */
export const clockSkew: Rule = {
  id: "clock-skew",
  subjects: SUBJECT_KINDS,
  needs: [],
  depth: 82,
  docs: {
    title: "A clock is wrong",
    symptom:
      "Builds, agents and sign-ins fail in odd ways: tokens and certificates seem expired or not valid yet, " +
      "daemons come and go, ages are negative.",
    cause: "The clocks of Coder's node, of other nodes, or of this machine differ by more than a minute.",
    evidence:
      "Times of builds, agents, daemons, events or leases that are yet to come by this machine's clock, or " +
      "connected daemons and agents that were last seen long ago.",
    remedy: "Have an NTP client (chrony, systemd-timesyncd) run on every node and on this machine.",
  },
  find(facts) {
    const stamps = stampsOf(facts).filter(({ at }) => at > 0);
    const ahead = stamps.filter(({ at }) => at - facts.now > LEAST_MS);
    if (ahead.length > 0) return [aheadOf(facts, ahead)];
    // One fresh time of a clock proves it right, and something else is stale.
    const newest = (clock: string) =>
      Math.max(...stamps.filter((one) => one.clock === clock).map(({ at }) => at));
    const behind = stamps.filter(({ clock, youngerThan = Infinity }) =>
      facts.now - newest(clock) > youngerThan + LEAST_MS
    );
    return behind.length > 0 ? [behindOf(facts, behind)] : [];
  },
};

function aheadOf(facts: Facts, stamps: readonly Stamp[]): Finding {
  const sorted = stamps.toSorted((a, b) => b.at - a.at);
  const most = Math.max(...sorted.map(({ at }) => at)) - facts.now;
  const clocks = [...new Set(sorted.map(({ clock }) => clock))];
  const whose = clocks.length === 1
    ? `The clock of ${clocks[0]} is`
    : `The clocks of ${clocks.slice(0, -1).join(", ")} and ${clocks.at(-1)} are up to`;
  return {
    cause: `${whose} ${duration(most)} ahead of ${OURS}.`,
    confidence: "certain",
    evidence: sorted.map(({ evidence }) => evidence),
    next: nextOf(facts, sorted),
  };
}

function behindOf(facts: Facts, stamps: readonly Stamp[]): Finding {
  const sorted = stamps.toSorted((a, b) => b.at - a.at);
  // The youngest tells most.
  const [{ at, clock, youngerThan = 0 }] = sorted as [Stamp];
  return {
    cause:
      `The clock of ${clock} is at least ${duration(facts.now - at - youngerThan)} behind ${OURS}: what it ` +
      "calls connected was last seen long ago.",
    confidence: "likely",
    evidence: sorted.map(({ evidence }) => evidence),
    next: nextOf(facts, sorted),
  };
}

function nextOf(facts: Facts, stamps: readonly Stamp[]): NextStep[] {
  const steps: NextStep[] = [{
    text: "See whether this machine's clock is synchronized.",
    command: "timedatectl timesync-status",
  }];
  const node = stamps.find(({ node }) => node !== undefined)?.node;
  if (node !== undefined) {
    steps.unshift({
      text: `See what time it is on node ${node}.`,
      command: `kubectl debug node/${node} -it --image=busybox -- date -u`,
    });
  }
  if (stamps.some(({ clock }) => clock === "Coder")) steps.unshift(coderStep(facts));
  return steps;
}

function coderStep({ controlPlane, subject }: Facts): NextStep {
  const meta = record(record(valueOf(controlPlane)).metadata);
  const name = text(meta["name"]) || (subject.kind === "controlplane" ? subject.name : "");
  const namespace = text(meta["namespace"]) || subject.namespace;
  return name === ""
    ? {
      text: "Find the nodes that Coder runs on, and see what time it is there.",
      command: `kubectl -n ${namespace} get pods -l app.kubernetes.io/name=coder-control-plane -o wide`,
    }
    : {
      text: "See what time it is where Coder runs.",
      command: `kubectl -n ${namespace} exec deployment/${name} -- date -u`,
    };
}
