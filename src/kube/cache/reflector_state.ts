/** The reflector's state machine: what it does next, as a pure function of what has just happened. */
import { backoffDelay, type BackoffOptions } from "./backoff.ts";
import type { Failure } from "./reflector_failure.ts";

/** Where a wait leads to. */
export type Resumable =
  /** From the start: a WatchList or a list. */
  | { readonly name: "empty" }
  /** One page is to be fetched. An unpaged list is the answer to a continue token that expired. */
  | { readonly name: "initPage"; readonly continueToken: string | undefined; readonly paged: boolean }
  /** The whole state is known up to `resourceVersion`; a watch from there is open or to be opened. */
  | { readonly name: "watching"; readonly resourceVersion: string };

/** What the reflector does now. */
export type Phase =
  | Resumable
  /** A watch is to be opened, or open, that first tells the whole state (WatchList). */
  | { readonly name: "initialWatch" }
  | { readonly name: "backoff"; readonly waitMs: number; readonly then: Resumable }
  /** The kind is not served: nothing to do until somebody finds that it is. */
  | { readonly name: "missing" };

/** What is remembered across phases. */
export interface Memory {
  /** The server answers WatchList, as far as we know. */
  readonly watchList: boolean;
  /** Failures since the last healthy watch. */
  readonly failures: number;
  /** Failures to watch from the present resource version; some servers cannot, and never say `Expired`. */
  readonly stuck: number;
  /** All was listed again because a version had expired, and no watch has told anything or lived since. */
  readonly relisted: boolean;
}

export interface ReflectorState {
  readonly phase: Phase;
  readonly memory: Memory;
}

export type Input =
  | { type: "start" }
  /** A page has come; no token means that it was the last. */
  | { type: "page"; resourceVersion: string; continueToken: string | undefined }
  /** The whole initial state has come through the watch. */
  | { type: "initialEnd"; resourceVersion: string }
  /** An event or a bookmark has come. */
  | { type: "progress"; resourceVersion: string }
  /** The server closed the watch as it should. */
  | { type: "ended"; livedMs: number }
  /** `livedMs`: for how long the watch that failed had been open; 0 for anything else. */
  | { type: "failed"; failure: Failure; livedMs: number }
  | { type: "waited" };

/** What the transitions need besides the state. */
export interface StepOptions {
  backoff?: BackoffOptions;
  /** A watch that lived so long clears the record of failures, in milliseconds. @default {10_000} */
  healthyMs?: number;
  /** A watch that the server closes sooner counts as a failure, in milliseconds. @default {1_000} */
  shortMs?: number;
  random?: () => number;
}

/** Failures of a WatchList in a row after which the next try is a plain list. */
const WATCH_LIST_TRIES = 3;
/** Failures to watch from one resource version after which everything is listed again instead. */
const RESUME_TRIES = 8;

export function initialState(watchList: boolean): ReflectorState {
  return { phase: { name: "empty" }, memory: { watchList, failures: 0, stuck: 0, relisted: false } };
}

/** The next state. Inputs that make no sense in a phase leave it as it is. */
export function step(state: ReflectorState, input: Input, options: StepOptions = {}): ReflectorState {
  const { phase, memory } = state;
  switch (input.type) {
    case "start":
      return phase.name === "empty" ? { phase: beginning(memory), memory } : state;
    case "waited":
      if (phase.name !== "backoff") return state;
      return { phase: phase.then.name === "empty" ? beginning(memory) : phase.then, memory };
    case "page":
      if (phase.name !== "initPage") return state;
      return input.continueToken === undefined
        ? {
          phase: { name: "watching", resourceVersion: input.resourceVersion },
          memory: { ...memory, stuck: 0 },
        }
        : { phase: { ...phase, continueToken: input.continueToken }, memory };
    case "initialEnd":
      if (phase.name !== "initialWatch") return state;
      return {
        phase: { name: "watching", resourceVersion: input.resourceVersion },
        memory: { ...memory, stuck: 0 },
      };
    case "progress":
      if (phase.name !== "watching") return state;
      return {
        phase: { name: "watching", resourceVersion: input.resourceVersion },
        memory: memory.stuck === 0 && !memory.relisted ? memory : { ...memory, stuck: 0, relisted: false },
      };
    case "ended":
      return ended(phase, afterLife(memory, input.livedMs, options), input.livedMs, options);
    case "failed":
      return failed(phase, afterLife(memory, input.livedMs, options), input.failure, options);
  }
}

function beginning(memory: Memory): Phase {
  return memory.watchList && memory.failures < WATCH_LIST_TRIES
    ? { name: "initialWatch" }
    : { name: "initPage", continueToken: undefined, paged: true };
}

function afterLife(memory: Memory, livedMs: number, options: StepOptions): Memory {
  return livedMs >= (options.healthyMs ?? 10_000) ? { ...memory, failures: 0, relisted: false } : memory;
}

function ended(phase: Phase, memory: Memory, livedMs: number, options: StepOptions): ReflectorState {
  if (phase.name === "initialWatch") return later(memory, { name: "empty" }, options);
  if (phase.name !== "watching") return { phase, memory };
  // Reopened at once, as servers close every watch after some minutes; but never in a tight loop.
  return livedMs >= (options.shortMs ?? 1_000) ? { phase, memory } : later(memory, phase, options);
}

function failed(phase: Phase, memory: Memory, failure: Failure, options: StepOptions): ReflectorState {
  if (failure.kind === "missing") return { phase: { name: "missing" }, memory };
  switch (phase.name) {
    case "initPage":
      if (failure.kind === "expired" && phase.continueToken !== undefined) {
        // One answer cannot expire half-way: the list is sure to come to an end now.
        return { phase: { name: "initPage", continueToken: undefined, paged: false }, memory };
      }
      return later(memory, failure.kind === "expired" ? { name: "empty" } : phase, options, failure);
    case "initialWatch":
      if (failure.kind === "refused" || failure.kind === "quiet") {
        const listing = { ...memory, watchList: false };
        return { phase: beginning(listing), memory: listing };
      }
      return later(memory, { name: "empty" }, options, failure);
    case "watching":
      return watchFailed(phase, memory, failure, options);
    default:
      return { phase, memory };
  }
}

function watchFailed(
  phase: Phase & { name: "watching" },
  memory: Memory,
  failure: Failure,
  options: StepOptions,
): ReflectorState {
  if (failure.kind === "expired") {
    // The first time at once, as nothing is wrong: an API server that has been away and is back says so, too. One that
    // keeps saying so gets its pauses.
    const counted = { ...memory, failures: memory.failures + 1, stuck: 0, relisted: true };
    return memory.relisted
      ? later({ ...memory, stuck: 0 }, { name: "empty" }, options, failure)
      : { phase: beginning(counted), memory: counted };
  }
  if (failure.kind === "stalled") return { phase, memory };
  if (failure.kind === "refused") return later({ ...memory, stuck: 0 }, { name: "empty" }, options, failure);
  // Being refused the right to watch says nothing about the resource version.
  if (["forbidden", "unauthorized", "throttled"].includes(failure.kind)) {
    return later(memory, phase, options, failure);
  }
  return memory.stuck + 1 >= RESUME_TRIES
    ? later({ ...memory, stuck: 0 }, { name: "empty" }, options, failure)
    : later({ ...memory, stuck: memory.stuck + 1 }, phase, options, failure);
}

function later(memory: Memory, then: Resumable, options: StepOptions, failure?: Failure): ReflectorState {
  const failures = memory.failures + 1;
  const waitMs = backoffDelay(failures, options.backoff, options.random, failure?.retryAfterMs);
  return { phase: { name: "backoff", waitMs, then }, memory: { ...memory, failures } };
}
