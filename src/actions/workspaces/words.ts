/** What came of an action, for people. */
import type { Progress, Waiting } from "./carry_out.ts";
import type { Outcome } from "./decide.ts";
import type { WishRecord } from "./types.ts";

const OUTCOMES: Readonly<Record<Outcome, string>> = {
  done: "it is so",
  underWay: "a build is under way",
  failed: "the build failed: ask again to try it once more",
  superseded: "somebody has asked Coder for something else since",
  gone: "the workspace is gone",
};

const WAITINGS: Readonly<Record<Waiting, string>> = {
  BuildActive: "it is done when the build that is active is over",
  AnswerLost: "Coder's answer was lost: it is looked after",
  VersionImporting: "it is done when the template's version is imported",
  Busy: "somebody else is at it",
};

export function wordsFor({ outcome, waiting }: Pick<Progress, "outcome" | "waiting">): string {
  if (waiting !== undefined) return WAITINGS[waiting];
  return OUTCOMES[outcome ?? "done"];
}

/** What is wished, without values. */
export function wishWords({ wish: { want } }: WishRecord): Record<string, unknown> {
  if (want.remove !== undefined) return { remove: true, ...(want.remove.orphan ? { orphan: true } : {}) };
  return {
    ...(want.isRunningAsked ? { running: want.running } : {}),
    ...(want.version === undefined ? {} : { version: want.version }),
    ...(want.parameters === undefined ? {} : { parameters: want.parameters.map(({ name }) => name) }),
    ...(want.presetId === undefined ? {} : { preset: want.presetId }),
    ...(want.rebuild === true ? { restart: true } : {}),
  };
}
