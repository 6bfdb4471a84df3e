/** Whether Coder answers, and which version: the first step of a visit, which the later ones depend on. */
import { isRateLimited } from "../../coder/mod.ts";
import type { Report } from "../report.ts";
import { periodicStep } from "./visit.ts";
import { plainVersion, TESTED_RANGE, testedness } from "../../operator/visit/versions.ts";
import type { Visit, VisitStep } from "./visit.ts";

const TYPE = "CoderReachable";

/**
 * Asks for the build information, without a token: when pods change, and every five minutes. While no pod is ready nothing
 * is asked.
 */
export function reachStep(): VisitStep {
  /** Versions by UID of the control plane, of those that answer. */
  const answers = new Map<string, string>();
  const asking = periodicStep({
    name: "Reach",
    inputs: (visit) => visit.ready ? { pods: visit.generationOfPods, address: addressOf(visit) } : undefined,
    async ask(visit, tools, report) {
      const client = visit.client();
      const info = await client.system.buildInfo({ signal: visit.signal, timeoutMs: 10_000 });
      if (info.workspace_proxy) {
        answers.delete(uidOf(visit));
        const message = `A workspace proxy answers at ${client.address}: give the operator the address of ` +
          "Coder itself (--control-plane-endpoint)";
        report.condition({ type: TYPE, status: "False", reason: "WorkspaceProxy", message });
        return report.trouble({ reason: "WorkspaceProxy", message });
      }
      const version = tools.redact(plainVersion(info.version));
      answers.set(uidOf(visit), version);
      answered(report, version, client.address);
    },
    failed(visit, _tools, report, failure, error) {
      const version = answers.get(uidOf(visit));
      // Coder is there and busy: what was known of it stands.
      if (isRateLimited(error) && version !== undefined) {
        return answered(report, version, visit.client().address);
      }
      answers.delete(uidOf(visit));
      const { reason } = failure;
      // The time to wait is in the message, and every new one would be a write.
      const message = isRateLimited(error)
        ? "Coder asks for fewer requests; the operator waits as long as Coder wants"
        : failure.message;
      report.condition({ type: TYPE, status: "False", reason, message });
      if (!failure.transient) report.trouble({ reason, message });
    },
  });
  return {
    name: asking.name,
    async run(visit, tools) {
      if (!visit.ready) {
        answers.delete(uidOf(visit));
        visit.report.condition({
          type: TYPE,
          status: "Unknown",
          reason: "NotReady",
          message: "No pod is available, so Coder is not asked",
        });
      }
      await asking.run(visit, tools);
      visit.version = answers.get(uidOf(visit));
      visit.reachable = visit.version !== undefined;
    },
    forget(uid) {
      answers.delete(uid);
      asking.forget?.(uid);
    },
  };
}

function answered(report: Report, version: string, address: string): void {
  report.condition({
    type: TYPE,
    status: "True",
    reason: "Answers",
    message: `Coder ${version} answers at ${address}`,
  });
  report.status({ version });
  const tested = testedness(version);
  if (tested === "tested") return;
  const how = tested === "unknown" ? "cannot be compared with those" : `is ${tested} than those`;
  report.warning({
    reason: "VersionNotTested",
    message: `Coder's version ${version} ${how} that this operator is tested with (${TESTED_RANGE})`,
  });
}

/** Empty where it cannot be used: asking says why. */
function addressOf(visit: Visit): string {
  try {
    return visit.client().address;
  } catch {
    return "";
  }
}

function uidOf(visit: Visit): string {
  return visit.object.metadata.uid ?? "";
}
