/** Why a pod does not start. */
import { z } from "zod";
import { PersistentVolumeClaims, Pods } from "../../api/kubernetes/resources.ts";
import type { PersistentVolumeClaim, Pod } from "../../api/kubernetes/types.ts";
import { isNotFound } from "../../kube/errors.ts";
import { compactText, table } from "../answers/text.ts";
import { fenced } from "../answers/untrusted.ts";
import { toolError } from "../errors.ts";
import { nameInput, namespaceInput, readTool, type ToolCall } from "../tool.ts";
import { type CoreEvent, eventCount, eventTime, readEvents, timeText } from "../../diagnosis/core_events.ts";
import { claimsOf, isReady, podTroubles } from "../../diagnosis/pods/pod_trouble.ts";
import { getObject, target } from "./reading.ts";
import { oneLine, TROUBLE, type Trouble, trouble } from "../../diagnosis/pods/trouble.ts";
import { KUBE_MS, within } from "../../caller/within.ts";

/** Of its warnings, the newest. */
const MOST_EVENTS = 15;
const MOST_CLAIMS = 10;

export const explainPod = readTool({
  name: "explain_pod",
  description: "Why a pod does not start or is not ready, with evidence",
  toolset: "kubernetes",
  input: z.object({ namespace: namespaceInput(), name: nameInput() }),
  output: z.object({
    phase: z.string(),
    ready: z.boolean(),
    node: z.string().optional(),
    summary: z.string(),
    findings: z.array(TROUBLE),
    events: z.array(z.object({
      reason: z.string(),
      message: z.string(),
      count: z.int(),
      lastTimestamp: z.string().optional(),
    })).describe("Warnings"),
  }),
  idempotent: true,
  text: ({ findings, events, ...facts }) => {
    const words = [
      ...findings.flatMap(({ about, evidence }) => evidence === undefined ? [] : [`${about}: ${evidence}`]),
      ...(events.length === 0 ? [] : table(events)),
    ];
    const text = compactText({ ...facts, findings: findings.map(({ about, says }) => ({ about, says })) });
    return words.length === 0
      ? text
      : `${text}\n${fenced("evidence and warnings of the pod", words.join("\n"))}`;
  },
  async read(input, call) {
    const { key, text } = target(input);
    const pod = await getObject(call, Pods, key, `get pod ${text}`);
    const [claims, events] = await Promise.all([claimTroubles(pod, call), warnings(pod, call)]);
    const findings = [...podTroubles(pod), ...claims];
    const phase = pod.status?.phase ?? "Unknown";
    const ready = isReady(pod);
    const node = pod.spec?.nodeName;
    return {
      phase,
      ready,
      ...(node ? { node } : {}),
      summary: summaryOf(phase, ready, findings, events.length),
      findings,
      events,
    };
  },
});

function summaryOf(phase: string, ready: boolean, findings: readonly Trouble[], warnings: number): string {
  const [first] = findings;
  if (ready) {
    return first === undefined ? "It runs and is ready." : `It runs and is ready, but: ${first.says}`;
  }
  if (first !== undefined) return first.about === "pod" ? first.says : `${first.about}: ${first.says}`;
  if (phase === "Succeeded") return "It has done its work and ended well.";
  return warnings === 0
    ? "It is not ready, and nothing speaks of trouble: it may be starting."
    : "It is not ready, and its status says nothing: see the events.";
}

async function claimTroubles(pod: Pod, call: ToolCall): Promise<Trouble[]> {
  const namespace = pod.metadata.namespace ?? "";
  const found = await Promise.all(
    claimsOf(pod).slice(0, MOST_CLAIMS).map(async (name) => {
      const about = `volume claim ${name}`;
      try {
        const claim = await within(
          call.signal,
          KUBE_MS,
          (signal) => call.cluster.get(PersistentVolumeClaims, { namespace, name }, { signal }),
        );
        if (claim.status?.phase === "Bound" && !claim.metadata.deletionTimestamp) return [];
        return [trouble(about, claimState(claim), ...await claimEvidence(claim, call))];
      } catch (error) {
        call.signal.throwIfAborted();
        if (isNotFound(error)) {
          return [trouble(about, "It does not exist, and the pod cannot start without it.")];
        }
        call.warn(`${about} was not looked at: ${toolError(error).message}`);
        return [];
      }
    }),
  );
  return found.flat();
}

function claimState({ metadata, spec, status }: PersistentVolumeClaim): string {
  if (metadata.deletionTimestamp) return "It is being deleted.";
  const phase = status?.phase ?? "Pending";
  const storage = spec?.storageClassName;
  return `It is ${phase}, not bound to a volume (storage class ${
    storage || "none, the default one if there is"
  }).`;
}

/** The newest thing that was said of it. */
async function claimEvidence({ metadata }: PersistentVolumeClaim, call: ToolCall): Promise<string[]> {
  const { namespace = "", name } = metadata;
  const about = { namespace, name, kind: "PersistentVolumeClaim", most: 500 };
  const { events } = await readEvents(call.cluster, about, call.signal).catch(() => ({ events: [] }));
  const newest = events.toSorted((a, b) => eventTime(b) - eventTime(a))[0];
  return newest === undefined ? [] : [newest.reason ?? "", newest.message ?? ""];
}

/** Warnings of the pod, those that say the same counted together, the newest first. */
async function warnings(pod: Pod, call: ToolCall) {
  const { namespace = "", name, uid } = pod.metadata;
  let read: readonly CoreEvent[];
  try {
    ({ events: read } = await readEvents(
      call.cluster,
      { namespace, name, kind: "Pod", most: 1_000 },
      call.signal,
    ));
  } catch (error) {
    call.signal.throwIfAborted();
    call.warn(`its events are missing: ${toolError(error).message}`);
    return [];
  }
  const folded = new Map<string, { reason: string; message: string; count: number; time: number }>();
  for (const event of read) {
    // An earlier pod of the same name is another pod.
    const isOther = event.involvedObject?.uid !== undefined && event.involvedObject.uid !== uid;
    if (event.type !== "Warning" || isOther) continue;
    const { reason = "", message = "" } = event;
    const known = folded.get(`${reason} ${message}`);
    folded.set(`${reason} ${message}`, {
      reason,
      message: oneLine(message),
      count: (known?.count ?? 0) + eventCount(event),
      time: Math.max(known?.time ?? 0, eventTime(event)),
    });
  }
  return [...folded.values()].sort((a, b) => b.time - a.time).slice(0, MOST_EVENTS)
    .map(({ time, ...event }) => ({ ...event, ...(time === 0 ? {} : { lastTimestamp: timeText(time) }) }));
}
