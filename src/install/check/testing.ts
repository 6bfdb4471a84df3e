/** A world of answers that a test gives. */
import type { KubeObject } from "../../api/object.ts";
import { type Reading, seen } from "./reading.ts";
import type { Access, Check, CheckWorld, CoderAnswer, Finding, Phase } from "./types.ts";

export const NOW = Date.parse("2026-01-02T03:04:05Z");

export interface FakeWorld {
  readonly phase?: Phase;
  readonly version?: string;
  readonly objects?: readonly object[];
  /** By path; one that is not here is absent, a text is why it cannot be read. */
  readonly answers?: Readonly<Record<string, unknown>>;
  /** @default {everything} */
  readonly may?: (access: Access) => boolean;
  readonly coder?: CoderAnswer;
}

export function fakeWorld(given: FakeWorld = {}): CheckWorld {
  const { phase = "after", version = "1.2.3", objects = [], answers = {}, may = () => true } = given;
  return {
    phase,
    namespace: "coder-system",
    now: NOW,
    version,
    objects: objects as readonly KubeObject[],
    read(path, schema) {
      const answer = answers[path];
      if (answer === undefined) return Promise.resolve({ state: "absent" });
      if (typeof answer === "string") {
        return Promise.resolve({ state: "unread", why: answer, forbidden: answer.startsWith("Forbidden") });
      }
      const parsed = schema.safeParse(answer);
      return Promise.resolve(
        parsed.success ? seen(parsed.data) : { state: "unread", why: "odd shape", forbidden: false },
      );
    },
    may: (access): Promise<Reading<boolean>> => Promise.resolve(seen(may(access))),
    coder: () => Promise.resolve(given.coder ?? { version: "v2.30.0+abc" }),
  };
}

/** `verdict: text` of each finding. */
export async function told(check: Check, given: FakeWorld): Promise<string[]> {
  return (await check.run(fakeWorld(given))).map(({ verdict, text }) => `${verdict}: ${text}`);
}

/** Verdicts alone. */
export async function verdicts(check: Check, given: FakeWorld): Promise<Finding["verdict"][]> {
  return (await check.run(fakeWorld(given))).map(({ verdict }) => verdict);
}
