/** Why an exchange has no complete answer. */
import type { CoderErrorReason } from "./errors.ts";
import type { Over } from "./deadline.ts";

/** The causes that a transport tells apart. */
export type FailureReason =
  & CoderErrorReason
  & ("timeout" | "connectionRefused" | "hostUnknown" | "tls" | "connectionBroken" | "closed" | "tooLarge");

/** There is no complete answer. The message names neither headers nor bodies. */
export class TransportFailure extends Error {
  override readonly name = "TransportFailure";
  constructor(
    /** `aborted` where the caller ended the call. */
    readonly reason: FailureReason | "aborted",
    message: string,
    /** The request may have reached the other side. */
    readonly maybeSent: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Makes one of whatever ended an exchange. `connected`: a connection was there to send on. */
  static of(
    error: unknown,
    over: Over | undefined,
    connected: boolean,
    request: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): TransportFailure {
    if (over === "aborted") {
      const cause = request.signal?.reason;
      return new TransportFailure("aborted", "the call was ended by its caller", connected, { cause });
    }
    if (over === "timeout") {
      const message = `no answer within ${Math.round(request.timeoutMs)} ms`;
      return new TransportFailure("timeout", message, connected);
    }
    if (error instanceof TransportFailure) return error;
    const text = error instanceof Error ? error.message : String(error);
    const reason = reasonOf(codeOf(error), text);
    return new TransportFailure(reason, text, connected && reason === "connectionBroken");
  }
}

/** The connection ended while or before an answer came, as opposed to never having been there. */
export function isBroken(error: unknown): boolean {
  if (error instanceof TransportFailure) return error.reason === "connectionBroken";
  return ["ECONNRESET", "EPIPE", "ECONNABORTED"].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null | undefined)?.code ?? "");
}

function reasonOf(code: string, text: string): FailureReason {
  if (code === "ECONNREFUSED") return "connectionRefused";
  if (
    code === "ENOTFOUND" || code === "EAI_AGAIN" || /dns error|failed to lookup|name resolution/i.test(text)
  ) {
    return "hostUnknown";
  }
  const tls =
    /CERT|TLS|SSL|ALTNAME|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|UnknownIssuer|NotValidForName|self.signed|certificate/i;
  return tls.test(`${code} ${text}`) ? "tls" : "connectionBroken";
}
