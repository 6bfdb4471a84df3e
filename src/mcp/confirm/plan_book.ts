/** Plans that were told: each is good for minutes, for the one who asked, for exactly that, and once. */
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { ToolError } from "../errors.ts";
import type { Keys } from "../keys/mod.ts";
import type { PlanBinding, PlanBook } from "../run.ts";
import type { PlanClaimStore } from "./claims.ts";
import { newNonce, type PlanClaims, shortOf, signed, verified } from "./plan_token.ts";

export interface PlanBookOptions {
  keys(): Keys;
  readonly claims: PlanClaimStore;
  /** How long plans are good, in milliseconds. @default {300_000} */
  readonly goodMs?: number;
  /** How long finding out whether a plan was carried out may take, in milliseconds. @default {5_000} */
  readonly claimMs?: number;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: () => number;
  readonly log?: Logger;
  readonly metrics?: Metrics;
}

/** So far clocks of replicas may differ: by then every one of them takes a plan for too old. In milliseconds. */
export const SKEW_MS = 600_000;

const AGAIN = "call it once more without planToken, and look at the plan that comes";

/** Makes it. What was carried out is forgotten by `claims.run`. */
export function createPlanBook(options: PlanBookOptions): PlanBook {
  const { keys, claims, goodMs = 300_000, claimMs = 5_000, now = Date.now, log = silentLogger } = options;
  const { metrics = noMetrics } = options;
  const count = metrics.counter(
    "coder_k8s_mcp_plans_total",
    "Plan tokens by what became of them: issued, redeemed, or why they were refused.",
    ["result"],
  );

  function refuse(result: string, message: string, cause?: unknown): ToolError {
    count.inc({ result });
    const code = result === "unknown" ? "unavailable" : result === "forged" ? "invalid" : "conflict";
    return new ToolError(code, `planToken: ${message}`, cause === undefined ? {} : { cause });
  }

  function checked(planToken: string, binding: PlanBinding): PlanClaims {
    const plan = verified(planToken, keys());
    if (plan === undefined) throw refuse("forged", `it is none that this server has given: ${AGAIN}`);
    if (now() >= plan.until) throw refuse("expired", `it is too old, nothing was done: ${AGAIN}`);
    if (binding.asked !== undefined && plan.asked !== shortOf("asked", binding.asked)) {
      throw refuse(
        "other",
        "it is of another call, nothing was done: give the same arguments as for the plan, as the same user",
      );
    }
    if (plan.bound !== shortOf("bound", binding.hash)) {
      throw refuse("changed", `what was planned has changed since, nothing was done: ${AGAIN}`);
    }
    return plan;
  }

  return {
    issue({ hash, asked = "" }) {
      // Whole seconds, so that everybody says the same.
      const until = Math.ceil((now() + goodMs) / 1_000) * 1_000;
      const claims = {
        until,
        nonce: newNonce(),
        asked: shortOf("asked", asked),
        bound: shortOf("bound", hash),
      };
      count.inc({ result: "issued" });
      return Promise.resolve({
        planToken: signed(claims, keys().current),
        expiresAt: new Date(until).toISOString().replace(".000Z", "Z"),
      });
    },
    async redeem(planToken, binding) {
      const { nonce, until } = checked(planToken, binding);
      let isFirst: boolean;
      try {
        isFirst = await claims.claim(nonce, until + SKEW_MS, AbortSignal.timeout(claimMs));
      } catch (error) {
        log.warn("whether a plan was carried out already cannot be found out", { error });
        throw refuse(
          "unknown",
          `whether it was used already cannot be found out now, nothing was done: ${AGAIN}`,
          error,
        );
      }
      if (!isFirst) {
        throw refuse(
          "used",
          "it was used already, and is good once: look what came of it before you plan anew",
        );
      }
      count.inc({ result: "redeemed" });
    },
  };
}
