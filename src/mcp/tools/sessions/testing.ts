/** Sessions for tests of their tools: each call is answered by the test, and kept. */
import type { Sessions } from "../../../sessions/coordinator/types.ts";
import { SessionError, type SessionRecord, STANDARD_LIMITS } from "../../../sessions/types.ts";

export interface SeenCall {
  readonly ref: string | undefined;
  readonly owner: string;
  readonly operation: string;
  readonly input: Record<string, unknown>;
  readonly body?: Uint8Array | undefined;
}

export type Answer = { readonly output: Record<string, unknown>; readonly body?: Uint8Array };

export const RECORD: SessionRecord = {
  id: "sess-abcdefgh12345678",
  name: "default",
  owner: "ann",
  ownerName: "ann",
  labels: {},
  metadata: {},
  limits: STANDARD_LIMITS,
  state: "ready",
  reason: "",
  workerId: "w1",
  incarnation: "i1",
  sharedStorage: "",
  isolation: "full",
  createdAt: Date.parse("2026-11-22T10:00:00Z"),
  lastUsedAt: Date.parse("2026-11-22T10:00:00Z"),
  expiresAt: Date.parse("2026-11-22T10:30:00Z"),
  ttlMs: 1_800_000,
  version: 1,
};

/** @param answer to an operation; what it throws is what the call rejects with */
export function answeringSessions(
  answer: (call: SeenCall) => Answer,
  rest: Partial<Sessions> = {},
): { readonly sessions: Sessions; readonly seen: SeenCall[] } {
  const seen: SeenCall[] = [];
  const sessions = {
    // deno-lint-ignore require-await -- rejects as the real ones do
    async call(owner, ref, operation, input, body, options) {
      const call = {
        ref,
        owner: owner.id,
        operation: operation.name,
        input: operation.input.parse(input),
        body,
      };
      seen.push(call as SeenCall);
      const { output, body: answered } = answer(call as SeenCall);
      options.onEvent?.({ kind: "output", stream: "stdout", text: "so far" });
      return { session: RECORD, output: operation.output.parse(output), body: answered };
    },
    ...rest,
  } as Sessions;
  return {
    seen,
    sessions: new Proxy(sessions, {
      get: (target, name) =>
        Reflect.get(target, name) ??
          (() => Promise.reject(new SessionError("internal", `the test gave no ${String(name)}`))),
    }),
  };
}
