/** What went wrong, in words for whoever typed. */
import { KubeApiError, KubeConnectionError } from "../kube/errors.ts";
import { KubeConfigError } from "../kube/config/connection.ts";
import { PluginError } from "./world.ts";

/** What was being done. */
export interface Attempt {
  /** Such as `start`. */
  readonly verb: string;
  /** A name, or nothing where it was about all. */
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
}

const API_SERVICE = "v1alpha1.aggregation.coder.com";

/** One or more sentences without a full stop at the end. Errors that are nobody's expectation are thrown again. */
export function failureText(error: unknown, attempt: Attempt): string {
  if (error instanceof PluginError || error instanceof KubeConfigError) {
    return error.message.replace(/\.$/, "");
  }
  if (error instanceof KubeConnectionError) return connectionText(error);
  if (error instanceof KubeApiError) return refusalText(error, attempt);
  throw error;
}

function connectionText({ message, timedOut, call }: KubeConnectionError): string {
  return timedOut
    ? `no answer from the API server in time (${call.method} ${call.path}): --request-timeout gives it longer`
    : `${message}. Is the kubeconfig the right one? kubectl cluster-info asks the same server`;
}

function refusalText(error: KubeApiError, { verb, name, namespace }: Attempt): string {
  const { code, reason, retryAfterMs } = error;
  const object = name ?? (READING.has(verb) ? "workspaces" : "a workspace");
  const what = namespace === undefined ? object : `${object} in namespace ${namespace}`;
  switch (code) {
    case 401:
      return `the API server does not know who you are (401): log in to the cluster again, or choose another --context`;
    case 403:
      return `you may not ${verb} ${what}: ${plain(error)}. The ClusterRole ` +
        `coder-k8s-workspaces-${
          READING.has(verb) ? "view" : "edit"
        } has the right; ask an administrator to bind it`;
    case 404:
      if (isNotServed(error)) {
        return "this cluster does not serve Coder's workspaces: the APIService " +
          `${API_SERVICE} is not installed. coder-k8s install brings it`;
      }
      return `there is no ${what}: ${plain(error)}`;
    case 503:
      if (
        reason === "" || /^service unavailable$/i.test(plain(error)) ||
        /endpoints|no route/i.test(plain(error))
      ) {
        return `coder-k8s, which serves workspaces, does not answer the API server: kubectl get apiservice ${API_SERVICE} ` +
          "says why, coder-k8s check what to do";
      }
      return `${plain(error)}${again(retryAfterMs)}`;
    case 429:
      return `too many requests: ${plain(error)}${again(retryAfterMs)}`;
    default:
      return `cannot ${verb} ${what}: ${plain(error)}`;
  }
}

const READING: ReadonlySet<string> = new Set(["list", "log", "open", "ssh", "read"]);

/** The API server answers so where nobody serves the group; where somebody does, refusals are a `Status`. */
function isNotServed({ reason, message }: KubeApiError): boolean {
  return reason === "" || /could not find the requested resource/i.test(message);
}

function again(retryAfterMs: number | undefined): string {
  return retryAfterMs === undefined
    ? ""
    : `. Try again in ${Math.max(1, Math.round(retryAfterMs / 1_000))} s`;
}

/** What the server said, without the call that is put before it. */
function plain({ message, call, code }: KubeApiError): string {
  const from = message.indexOf(`(${code}): `);
  const text = from === -1
    ? message.startsWith(call.method) ? message.slice(message.indexOf(`HTTP ${code}`)) : message
    : message.slice(from + `(${code}): `.length);
  return text.replace(/^HTTP \d+: /, "").replace(/\.$/, "");
}
