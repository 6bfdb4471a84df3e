/** The door of the room: why something is not up. */
export { type CoreEvent, eventCount, eventTime, readEvents } from "./core_events.ts";
export { diagnose, DIAGNOSIS_MS, MISTAKE, NoSubjectError } from "./engine.ts";
export { oneLine } from "./pods/trouble.ts";
export { RULES } from "./rules/mod.ts";
export { stateAlone } from "./state_alone.ts";
export { type Subject, SUBJECT_KINDS, type SubjectKind } from "./subject.ts";
export type { Cause, Diagnosis, Evidence, NextStep, Rule } from "./types.ts";
export type { DiagnosisWorld } from "./world.ts";
