/**
 * How well something is, of what it says of itself. Colours and signs follow the tone; the word itself is always there too.
 *
 * @typedef {"ok" | "busy" | "warn" | "bad" | "idle"} Tone
 * @typedef {{ type: string, status: string, reason: string, message: string, since: string }} Condition
 */
import { oneLine } from "./text.js";

/** @type {Readonly<Record<string, Tone>>} */
const TONES = {
  running: "ok",
  ready: "ok",
  connected: "ok",
  succeeded: "ok",
  pending: "busy",
  starting: "busy",
  stopping: "busy",
  canceling: "busy",
  deleting: "busy",
  creating: "busy",
  draining: "busy",
  queued: "busy",
  progressing: "busy",
  failed: "bad",
  error: "bad",
  unhealthy: "bad",
  away: "bad",
};

/** Of a state of Coder, Kubernetes, a session or a worker; what is not known is neither well nor ill. @param {string} state @returns {Tone} */
export function toneOf(state) {
  const key = state.toLowerCase();
  return Object.hasOwn(TONES, key) ? TONES[key] ?? "idle" : "idle";
}

/** Conditions that are only there, or only true, while something is wrong. */
const WRONG = /^(Stalled|Degraded|ReplicaFailure)$/;
const NOTED = /^(ConfigurationWarning|UpgradePending)$/;
const GOING = /^(Reconciling|Progressing|Upgrading|Terminating|ContentsDeletion)$/;
/** Without these it does not serve. */
const VITAL = /^(Available|Ready|DeploymentReady)$/;

/** @param {Condition} condition @returns {Tone} */
export function conditionTone({ type, status }) {
  const isTrue = status === "True";
  if (WRONG.test(type)) return isTrue ? "bad" : "ok";
  if (NOTED.test(type)) return isTrue ? "warn" : "ok";
  if (GOING.test(type)) return isTrue ? "busy" : "idle";
  if (isTrue) return "ok";
  if (status !== "False") return "busy";
  return VITAL.test(type) ? "bad" : "warn";
}

/** Those that have the shape of one. @param {unknown} value @returns {Condition[]} */
export function conditionsOf(value) {
  if (!Array.isArray(value)) return [];
  return value.filter((one) => typeof one === "object" && one !== null && typeof one.type === "string").map((
    one,
  ) => ({
    type: oneLine(one.type, 200),
    status: oneLine(one.status, 50),
    reason: oneLine(one.reason, 200),
    message: oneLine(one.message),
    since: oneLine(one.since, 50),
  }));
}

const ORDER = /** @type {readonly Tone[]} */ (["bad", "warn", "busy", "idle", "ok"]);

/** The worst first, and otherwise as they came. @param {readonly Condition[]} conditions @returns {Condition[]} */
export function worstFirst(conditions) {
  return [...conditions].sort((a, b) => ORDER.indexOf(conditionTone(a)) - ORDER.indexOf(conditionTone(b)));
}

/**
 * Of something with a phase and conditions.
 *
 * @param {string} phase
 * @param {readonly Condition[]} conditions
 * @returns {Tone}
 */
export function phaseTone(phase, conditions) {
  const tones = conditions.map(conditionTone);
  const isUp = toneOf(phase) === "ok";
  if (tones.includes("bad")) return isUp ? "warn" : "bad";
  if (tones.includes("warn")) return "warn";
  return toneOf(phase);
}
