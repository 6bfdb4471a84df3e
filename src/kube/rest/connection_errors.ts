/** Words for calls that got no answer. */
import { type ClusterConnection, KubeConfigError } from "../config/connection.ts";
import { KubeConnectionError } from "../errors.ts";

/** Wraps whatever ended a call before its answer was complete. Errors that are already ours pass unchanged. */
export function connectionError(
  error: unknown,
  request: { method: string; path: string; signal?: AbortSignal | undefined; timeoutMs: number },
  connection: ClusterConnection,
  timedOut: boolean,
): Error {
  if (error instanceof KubeConnectionError || error instanceof KubeConfigError) return error;
  const path = request.path.split("?", 1)[0] ?? request.path;
  const call = { method: request.method, path };
  const what = `${request.method} ${path}`;
  const server = connection.server.origin;
  if (request.signal?.aborted && !timedOut) {
    return new KubeConnectionError(`${what}: the call was ended by its caller`, call, {
      cause: request.signal.reason,
    });
  }
  if (timedOut) {
    const message = `${what}: ${server} did not answer within ${request.timeoutMs} ms`;
    return new KubeConnectionError(message, call, { cause: error, timedOut: true });
  }
  const reason = error instanceof Error ? error.message : String(error);
  const advice = adviceFor(error, connection);
  const message = `${what}: no answer from ${server}: ${reason}${advice === "" ? "" : `. ${advice}`}`;
  return new KubeConnectionError(message, call, { cause: error });
}

function adviceFor(error: unknown, connection: ClusterConnection): string {
  const code = String((error as { code?: unknown } | null)?.code ?? "");
  const reason = error instanceof Error ? error.message : "";
  const where = `context "${connection.context}" of ${connection.source}`;
  if (code === "ECONNREFUSED") return `Is the API server running, and is the address of ${where} right?`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN" || /dns error|lookup/i.test(reason)) {
    return `Check the host name of ${where}`;
  }
  if (/not valid for name|NotValidForName|ALTNAME/i.test(reason + code)) {
    return `The server's certificate is for other names; set tls-server-name in ${where}`;
  }
  if (
    /UnknownIssuer|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|unable to (get|verify)|self.signed/i.test(reason + code)
  ) {
    return `Check certificate-authority in ${where}`;
  }
  return "";
}
