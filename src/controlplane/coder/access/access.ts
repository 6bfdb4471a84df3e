/** The step `Access`: the operator's own user and token in Coder, made, kept valid, renewed, revoked. */
import { DatabaseError } from "../../../coder/database/mod.ts";
import { isDatabaseAway, isRateLimited } from "../../../coder/mod.ts";
import { CLUSTER_DOMAIN } from "../../../workload/urls.ts";
import type { Report } from "../../report.ts";
import { AccessError } from "./access_error.ts";
import { AccessMemories, seemsGood } from "./access_memory.ts";
import { type Complaint, sayDisabled, sayNone, sayUnconfirmed } from "./access_words.ts";
import { AccessWork } from "./access_work.ts";
import { periodicStep } from "../visit.ts";
import { visitConfigMaps, visitSecrets } from "../secrets.ts";
import { secretVersion } from "../../../operator/visit/secrets.ts";
import type { Visit, VisitStep, VisitTools } from "../visit.ts";

/** How the step works. */
export interface AccessOptions {
  /** DNS domain of the cluster, in which Coder's pods look its database up. @default {"cluster.local"} */
  clusterDomain?: string;
  /** Between two looks where nothing changes, in milliseconds. @default {300_000} */
  everyMs?: number;
}

/** What is a state rather than a trouble: nothing is wrong with Coder. */
const QUIET_REASONS = ["NoDatabaseURL", "WaitingForCoder"];

/** Makes the step. In a steady state it costs Coder one request every five minutes, and PostgreSQL none. */
export function accessStep(
  { clusterDomain = CLUSTER_DOMAIN, everyMs = 300_000 }: AccessOptions = {},
): VisitStep {
  const memories = new AccessMemories();
  const work = (visit: Visit, tools: VisitTools) =>
    new AccessWork({ visit, tools, memory: memories.of(visit), clusterDomain });

  function complain(
    visit: Visit,
    tools: VisitTools,
    report: Report,
    complaint: Complaint,
    isTrouble: boolean,
  ): void {
    const memory = memories.of(visit);
    const disabled = visit.controlPlane.spec.operatorAccess.disabled;
    const good = seemsGood(memory, visit);
    if (disabled) sayDisabled(report, complaint);
    else if (good) sayUnconfirmed(report, complaint);
    else sayNone(report, complaint);
    if (isTrouble) report.trouble(complaint);
    if (memory.told === complaint.reason) return;
    memory.told = complaint.reason;
    if (isTrouble) tools.events.event(visit.object, "Warning", "OperatorAccessFailed", complaint.message);
  }

  const asking = periodicStep({
    name: "Access",
    everyMs,
    inputs: (visit, { kinds }) => {
      const { object, controlPlane: { spec }, key: { namespace } } = visit;
      const named = (names: string[]) =>
        names.map((each) => ({ namespace, name: each.slice(namespace.length + 1) }));
      return {
        access: spec.operatorAccess,
        environment: [spec.extraArgs, spec.extraEnv, spec.envFrom],
        secrets: named(visitSecrets(object)).map((key) => secretVersion(kinds, key)),
        configMaps: named(visitConfigMaps(object)).map((key) =>
          kinds.configMaps.get(key)?.metadata.resourceVersion
        ),
        // Pods that come and go while none is available change nothing that could be asked.
        coder: visit.ready ? [visit.reachable, visit.generationOfPods] : [],
      };
    },
    async ask(visit, tools, report) {
      try {
        return await work(visit, tools).run(report);
      } catch (error) {
        if (!(error instanceof AccessError)) throw error;
        const complaint = { reason: error.reason, message: tools.redact(error.message) };
        complain(visit, tools, report, complaint, !QUIET_REASONS.includes(error.reason));
        return error.retry === "change" ? Infinity : undefined;
      }
    },
    failed(visit, tools, report, failure, error) {
      // How long Coder asks us to wait changes with every answer, and every new message would be a write.
      const message = isRateLimited(error)
        ? "Coder asks for fewer requests; the operator waits"
        : failure.message;
      const isDatabase = error instanceof DatabaseError || isDatabaseAway(error);
      complain(visit, tools, report, { reason: failure.reason, message }, isDatabase || !failure.transient);
    },
  });

  return {
    name: asking.name,
    async run(visit, tools) {
      await asking.run(visit, tools);
      const { known, token } = memories.of(visit);
      visit.token = known === undefined || visit.controlPlane.spec.operatorAccess.disabled
        ? undefined
        : token;
    },
    async end(visit, tools) {
      await work(visit, tools).end();
    },
    forget(uid) {
      memories.forget(uid);
      asking.forget?.(uid);
    },
  };
}
