/** What keeps one container from running, or from being ready. Data in, sentences out. */
import type { Container, ContainerStateTerminated, ContainerStatus } from "../../api/kubernetes/types.ts";
import { signalName, signalOf } from "./exit_codes.ts";
import { type Trouble, trouble } from "./trouble.ts";

export interface ContainerFacts {
  /** Such as `init container clone`. */
  readonly about: string;
  readonly container: Container;
  readonly status: ContainerStatus;
  /** It is meant to run, and to be ready. */
  readonly expectsReady: boolean;
  /** Something else is in its way, so that it only waits for its turn. */
  readonly isBlocked: boolean;
}

/** Empty where all is well with it. */
export function containerTroubles(facts: ContainerFacts): Trouble[] {
  const { about, container, status, expectsReady, isBlocked } = facts;
  const { waiting, terminated, running } = status.state ?? {};
  if (waiting) {
    const isTurn = isBlocked && TURN.has(waiting.reason ?? "");
    return [...isTurn ? [] : [waitingTrouble(facts)], ...lastEnd(facts)];
  }
  if (terminated) {
    if (terminated.exitCode === 0 && !expectsReady) return [];
    return [trouble(about, ended(terminated, container), terminated.reason, terminated.message)];
  }
  const probes = running && expectsReady && !status.ready ? [probeTrouble(facts)] : [];
  return [...probes, ...lastEnd(facts)];
}

const TURN = new Set(["ContainerCreating", "PodInitializing", ""]);
const IMAGE = new Set(["ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "RegistryUnavailable"]);

function waitingTrouble({ about, container, status }: ContainerFacts): Trouble {
  const { reason = "", message } = status.state?.waiting ?? {};
  const image = container.image ?? status.image;
  const says = (sentence: string) => trouble(about, sentence, reason, message);
  if (IMAGE.has(reason)) return says(`Its image ${image} cannot be pulled.`);
  if (reason === "InvalidImageName") return says(`Its image ${image} is no name of an image.`);
  if (reason === "CrashLoopBackOff") {
    return says(
      `It ends again and again (${count(status.restartCount, "restart")}), and waits for the next start.`,
    );
  }
  if (reason === "CreateContainerConfigError") {
    return says("Something that its settings name, such as a Secret or a ConfigMap, is missing or wrong.");
  }
  if (TURN.has(reason)) {
    return says(
      "It is not started yet: the node prepares volumes, network and image, or earlier containers run.",
    );
  }
  return says("It cannot be started.");
}

/** How the run before ended. */
function lastEnd({ about, container, status }: ContainerFacts): Trouble[] {
  const before = status.lastState?.terminated;
  if (!before) return [];
  const words = `Before, ${ended(before, container, "it ")} (${
    count(status.restartCount, "restart")
  } so far).`;
  return [trouble(about, words, before.reason, before.message)];
}

function ended(state: ContainerStateTerminated, container: Container, who = "It "): string {
  const { exitCode, reason, finishedAt } = state;
  const at = finishedAt ? ` at ${finishedAt}` : "";
  const close = who === "It " ? "." : "";
  if (reason === "OOMKilled") {
    const limit = container.resources?.limits?.["memory"];
    const memory = limit === undefined
      ? "there was no memory left on its node"
      : `of its memory limit ${limit}`;
    return `${who}was killed${at} because ${memory}${close}`;
  }
  const number = signalOf(state);
  const name = signalName(number);
  const by = number === 0 ? "" : `, by signal ${number}${name === undefined ? "" : ` (${name})`}`;
  return `${who}ended with exit code ${exitCode}${by}${at}${exitCodeHint(exitCode)}${close}`;
}

function exitCodeHint(exitCode: number): string {
  if (exitCode === 126) return ": its command cannot be executed";
  return exitCode === 127 ? ": its command was not found" : "";
}

function probeTrouble({ about, container, status }: ContainerFacts): Trouble {
  if (container.startupProbe && status.started !== true) {
    return trouble(about, "It runs, and its startup probe has not succeeded yet.");
  }
  if (container.readinessProbe) return trouble(about, "It runs, and its readiness probe does not succeed.");
  return trouble(about, "It runs, and is not ready.");
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
