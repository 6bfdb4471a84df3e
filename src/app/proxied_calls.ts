/** Calls to Coder through the API server's service proxy: what the API server itself says is told apart from Coder's words. */
import {
  type SocketAnswer,
  type SocketRequest,
  type Sockets,
  type SocketTarget,
  type TransportAnswer,
  TransportFailure,
  type TransportRequest,
} from "../coder/mod.ts";
import { KubeConnectionError } from "../kube/errors.ts";
import type { ServiceProxySender } from "../kube/rest/service_proxy.ts";

/** Where the rights are that the shipped ClusterRole leaves out. */
const RIGHTS = "deploy/components/coder-access-kube-proxy/rbac.yaml";

/** Sends one request. Throws {@linkcode TransportFailure} where the API server gave no answer. */
export async function proxiedCall(
  sender: Pick<ServiceProxySender, "send">,
  request: TransportRequest,
): Promise<TransportAnswer> {
  let answer: TransportAnswer;
  try {
    answer = await sender.send(request);
  } catch (error) {
    throw failureOf(error, request);
  }
  return withAdvice(answer);
}

/** Opens a WebSocket. Throws as {@linkcode proxiedCall}. */
export async function proxiedSocket(
  sender: Pick<ServiceProxySender, "socket">,
  sockets: Sockets,
  request: SocketRequest,
): Promise<SocketAnswer> {
  let target: SocketTarget;
  try {
    target = await sender.socket(request.path, request.headers, request.signal);
  } catch (error) {
    throw failureOf(error, { ...request, method: "GET" });
  }
  const answer = await sockets.open(target, request);
  return answer.refused === undefined ? answer : { refused: withAdvice(answer.refused) };
}

/** The pooled client's failures carry their cause inside; what Coder's client tells apart is on the outside. */
function failureOf(error: unknown, request: TransportRequest): unknown {
  if (!(error instanceof KubeConnectionError) || request.signal?.aborted) return error;
  if (error.timedOut) return new TransportFailure("timeout", error.message, true, { cause: error });
  const { cause } = error;
  if (!(cause instanceof Error)) return error;
  const { reason, maybeSent } = TransportFailure.of(cause, undefined, true, request);
  return new TransportFailure(reason, error.message, maybeSent, { cause: error });
}

/** Adds what to do to refusals of the API server: a `Status`, which no Coder sends. */
function withAdvice(answer: TransportAnswer): TransportAnswer {
  const advice = ADVICE[answer.status];
  if (advice === undefined || "x-coder-build-version" in answer.headers) return answer;
  let status: { kind?: unknown; message?: unknown } | null;
  try {
    status = JSON.parse(answer.body);
  } catch {
    return answer;
  }
  if (status?.kind !== "Status" || typeof status.message !== "string") return answer;
  return { ...answer, body: JSON.stringify({ ...status, message: `${status.message} (${advice})` }) };
}

const ADVICE: Readonly<Record<number, string>> = {
  401: "the API server refused the operator's own credentials: this says nothing about Coder's token",
  403:
    `the operator may not use the API server's service proxy: apply ${RIGHTS}, or choose --coder-access=direct`,
  404: "the API server knows no such Service, or none with pods",
  503: "the API server has no ready pod to send it to",
};
