/** While the Deployment is applied: how the rollout of an image is to go, and what is said about it. */
import type { Pod } from "../../api/kubernetes/types.ts";
import type { RolloutSettings } from "../../workload/deployment.ts";
import { selectorText, standardLabels } from "../../workload/labels.ts";
import type { Pass, Tools } from "../step.ts";
import { follow, PROGRESS_DEADLINE } from "./follow.ts";
import { ROLLOUT_ANNOTATION, type RolloutState, rolloutStateText, templateImage } from "./rollout_state.ts";
import { isRolledOut, newPods } from "./upgrade_facts.ts";
import { isUnderWay } from "./plan.ts";
import { wordsOfPods } from "./pod_words.ts";
import { movedWords } from "./schema.ts";
import { journey, report, reportNone, stoppedText, type UpgradeReason } from "./words.ts";

/**
 * Follows the rollout, reports on it, and says what the Deployment needs for it. `inputs`: hash of the pod template's
 * sources in the spec; `recorded`: annotations about its other sources.
 */
export async function rolloutParts(
  pass: Pass,
  tools: Tools,
  inputs: string,
  recorded: Readonly<Record<string, string>> = {},
): Promise<RolloutSettings> {
  const { upgrade: plan } = pass;
  if (plan === undefined) return {};
  const { facts, deployment, waiting } = plan;
  if (isRolledOut(deployment, facts.released)) pass.report.status({ image: facts.released });
  const asked = facts.settings.progressDeadlineSeconds;
  if (plan.state === undefined) {
    if (!waiting) reportNone(pass.report);
    return asked === undefined ? {} : { progressDeadlineSeconds: asked };
  }
  const followed = isUnderWay(plan)
    ? follow({ state: plan.state, deployment, inputs, recorded, retry: facts.retry, now: tools.now() })
    : { state: atRest(plan.state), phase: "complete" as const, paused: false };
  if (followed.lookAgainMs !== undefined) pass.report.lookAgain(followed.lookAgainMs);
  if (followed.phase === "complete") {
    if (isUnderWay(plan)) announce(pass, tools, plan.state.image);
    if (!waiting) reportNone(pass.report);
  } else if (!waiting) {
    await tell(pass, tools, followed.phase);
  }
  return {
    annotations: {
      [ROLLOUT_ANNOTATION]: rolloutStateText(
        followed.state,
      ),
    },
    progressDeadlineSeconds: asked ?? PROGRESS_DEADLINE,
    ...(followed.paused && { paused: true }),
  };
}

async function tell(
  pass: Pass,
  tools: Tools,
  phase: "rollingOut" | "waitingForMigrations" | "stopped",
): Promise<void> {
  const { upgrade: plan, key } = pass;
  if (plan === undefined) return;
  const { facts, deployment, image } = plan;
  const status = { ...journey(facts, image), step: phase === "stopped" ? "Stopped" : "RollingOut" };
  if (phase === "stopped") {
    const labelSelector = selectorText(standardLabels("coder-control-plane", key.name));
    const isNew = (pod: Pod) => pod.spec?.containers?.some((container) => container.image === image) ?? false;
    const words = await wordsOfPods(
      tools.client,
      { namespace: key.namespace, labelSelector },
      isNew,
      pass.signal,
    );
    const message = stoppedText({ facts, image, key, words: tools.redact(words) });
    return report(pass.report, "RolloutStopped", message, status);
  }
  // Only another version has migrations to make.
  const migrating = phase === "waitingForMigrations" &&
    (status.to === undefined || status.to !== status.from);
  const pods = templateImage(deployment) === image ? newPods(deployment) : { count: 0, ready: 0 };
  const moved = movedWords(plan.state?.schema) || "it may be at the database's migrations";
  const message = migrating
    ? `The first pod of ${image} is not ready yet: ${moved}. Pods of the image before serve on where there are any`
    : `${image} is being rolled out: ${pods.ready} of ${deployment?.spec?.replicas ?? 1} pods run it`;
  const reason: UpgradeReason = migrating ? "WaitingForMigrations" : "RollingOut";
  report(pass.report, reason, message, status);
}

function announce(pass: Pass, tools: Tools, image: string): void {
  const { completed } = pass.upgrade?.facts ?? {};
  const note = `Every pod runs ${image}${completed === undefined ? "" : `, after ${completed}`}`;
  tools.events.event(pass.object, "Normal", "UpgradeComplete", note, "Upgrade");
}

/** What stays once every pod runs the image. */
function atRest({ stopped: _stopped, schema: _schema, ...state }: RolloutState): RolloutState {
  return state;
}
