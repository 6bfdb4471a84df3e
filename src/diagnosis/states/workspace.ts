/** The state of a workspace. */
import type { AgentFacts } from "../coder_facts.ts";
import type { Facts } from "../facts.ts";
import { isUnread } from "../seen.ts";
import { noneConnected, shortTime, waitingOf } from "../waiting.ts";
import { type WorkspaceView, workspaceView } from "../workspace_view.ts";
import type { StateTeller } from "./teller.ts";

/** Builds are on their way that long, and wait that long for a provisioner, without anything being wrong. */
const LONG_BUILD_MS = 15 * 60_000;
const LONG_WAIT_MS = 2 * 60_000;

/** In a sentence or two. Stopped is as it should be; dormant is not. */
export const workspaceState: StateTeller = (facts) => {
  const view = workspaceView(facts);
  if (view === undefined) return { state: unreadState(facts), isWell: false };
  const told = tell(view, facts);
  const isOld = isUnread(facts.build, "unreachable") || isUnread(facts.build, "timeout");
  const end = view.deletingAt === "" ? "" : `, and Coder deletes it at ${shortTime(view.deletingAt)}`;
  return {
    state: [
      ...(view.dormantAt === "" ? [] : [`It is dormant since ${shortTime(view.dormantAt)}${end}.`]),
      told.state,
      ...(isOld ? ["That is what was known last: Coder does not answer."] : []),
    ].join(" "),
    isWell: told.isWell && view.dormantAt === "" && !isOld,
  };
};

function unreadState({ workspace, build }: Facts): string {
  const seen = [build, workspace].find((fact) => fact?.state === "unread");
  return seen?.state === "unread"
    ? `Its state is not known: ${seen.why.replace(/[.\s]+$/, "")}.`
    : "Its state is not known.";
}

function tell(view: WorkspaceView, facts: Facts): ReturnType<StateTeller> {
  const { build, status } = view;
  const which = `build ${build.number} (${build.transition})`;
  const begun = since(build.startedAt || build.createdAt);
  const ended = at(build.endedAt || build.createdAt);
  const isWell = !isOver(facts, LONG_BUILD_MS, build.startedAt || build.createdAt);
  switch (status) {
    case "pending":
      return { state: pendingState(view, facts), isWell: !isOver(facts, LONG_WAIT_MS, build.createdAt) };
    case "starting":
      return { state: `It is being started${begun}.`, isWell };
    case "stopping":
      return { state: `It is being stopped${begun}.`, isWell };
    case "deleting":
      return { state: `It is being deleted${begun}.`, isWell };
    case "canceling":
      return { state: `Its ${which} is being cancelled${since(build.canceledAt)}.`, isWell };
    case "canceled":
      return { state: `Its ${which} was cancelled${at(build.canceledAt) || ended}.`, isWell: false };
    case "failed":
      return build.canceledAt === ""
        ? { state: `Its ${which} failed${ended}.`, isWell: false }
        : { state: `Its ${which} was cancelled${at(build.canceledAt)}.`, isWell: false };
    case "stopped":
      return { state: stoppedState(view), isWell: true };
    case "deleted":
      return { state: `It was deleted${ended}.`, isWell: true };
    case "running":
      return runningState(view);
    case "":
      return { state: "Coder does not say what its state is.", isWell: false };
  }
  return { state: `Coder calls its state ${status}.`, isWell: false };
}

function isOver({ now }: Facts, ms: number, time: string): boolean {
  return now - Date.parse(time) > ms;
}

function pendingState({ build }: WorkspaceView, facts: Facts): string {
  const waiting = waitingOf(facts);
  if (waiting === undefined) {
    return `Its build ${build.number} (${build.transition}) waits for a provisioner${
      since(build.createdAt)
    }.`;
  }
  const { tags, fit, position, size } = waiting;
  const begin = `It waits for a provisioner with ${tags}`;
  const none = noneConnected(waiting);
  if (none !== undefined) return `${begin}: ${none}.`;
  const turn = position > 0 ? `, it is number ${position} of ${size} in the queue` : "";
  if (fit !== undefined && fit.idle.length === 0) {
    const busy = fit.busy.length === 1 ? "the one that is connected is" : `all ${fit.busy.length} are`;
    return `${begin}${since(waiting.since)}: ${busy} busy${turn}.`;
  }
  return `${begin}${since(waiting.since)}${turn}.`;
}

function stoppedState({ build }: WorkspaceView): string {
  const when = at(build.endedAt || build.createdAt);
  switch (build.reason) {
    case "autostop":
      return `It was stopped by autostop${when}.`;
    case "dormancy":
      return `It was stopped${when}, as nobody used it.`;
    case "autodelete":
      return `It was stopped by Coder${when}.`;
  }
  return build.initiator === "" ? `It was stopped${when}.` : `It was stopped by ${build.initiator}${when}.`;
}

function runningState({ agents, build }: WorkspaceView): ReturnType<StateTeller> {
  if (agents.length === 0) {
    return { state: `It runs${since(build.endedAt)}; its template has no agents.`, isWell: true };
  }
  const well = agents.filter(isConnected);
  const others = agents.filter((agent) => !isConnected(agent));
  if (others.length === 0) {
    const failed = agents.filter(({ lifecycle }) => /_(error|timeout)$/.test(lifecycle));
    if (failed.length > 0) {
      const how = failed.map(({ name, lifecycle }) => `${name} (${lifecycle})`).join(", ");
      return {
        state: `It runs; ${named(well)} connected, but not all scripts did well: ${how}.`,
        isWell: false,
      };
    }
    const starting = agents.filter(({ lifecycle }) => lifecycle === "starting" || lifecycle === "created");
    if (starting.length > 0) {
      const scripts = starting.map(({ name }) => name).join(", ");
      return {
        state: `It runs; ${named(well)} connected, start scripts still run: ${scripts}.`,
        isWell: true,
      };
    }
    return { state: `It runs; ${named(well)} connected.`, isWell: true };
  }
  const waits = others.every(({ status }) => status === "connecting");
  const how = others.map((agent) => agentWords(agent, build.endedAt)).join("; ");
  return { state: `It runs, but ${how}.`, isWell: waits };
}

function isConnected({ status }: AgentFacts): boolean {
  return status === "connected";
}

function named(agents: readonly AgentFacts[]): string {
  const names = agents.map(({ name }) => name).join(", ");
  return agents.length === 1 ? `agent ${names} is` : `agents ${names} are`;
}

function agentWords({ name, status, createdAt, disconnectedAt }: AgentFacts, built: string): string {
  switch (status) {
    case "connecting":
      return `agent ${name} has not connected yet${since(createdAt ?? built)}`;
    case "timeout":
      return `agent ${name} has never connected${since(createdAt ?? built)}`;
    case "disconnected":
      return `agent ${name} is disconnected${since(disconnectedAt ?? "")}`;
  }
  return `agent ${name} is ${status === "" ? "in no known state" : status}`;
}

function since(time: string): string {
  return time === "" ? "" : ` since ${shortTime(time)}`;
}

function at(time: string): string {
  return time === "" ? "" : ` at ${shortTime(time)}`;
}
