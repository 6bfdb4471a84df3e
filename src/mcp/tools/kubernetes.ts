/** Kubernetes around Coder: events, logs, and pods. */
import type { Tool } from "../tool.ts";
import { getEvents } from "./events.ts";
import { explainPod } from "./explain_pod.ts";
import { getPodLogs } from "./pod_logs.ts";
import { listWorkspacePods } from "./workspace_pods.ts";

/** The first two belong to the core. */
export const KUBERNETES_TOOLS: readonly Tool[] = [getEvents, getPodLogs, listWorkspacePods, explainPod];
