/** Between the codes of gRPC and ours. */
import { status } from "@grpc/grpc-js";
import { WireError, type WireErrorCode } from "./wire_error.ts";

const STATUS: Readonly<Record<WireErrorCode, status>> = {
  unauthenticated: status.UNAUTHENTICATED,
  permission_denied: status.PERMISSION_DENIED,
  superseded: status.FAILED_PRECONDITION,
  unknown_registration: status.NOT_FOUND,
  invalid: status.INVALID_ARGUMENT,
  unsupported: status.UNIMPLEMENTED,
  not_now: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
};

/** What a caller is told. Of errors that are not ours it is told nothing. */
export function statusOf(error: unknown): { readonly code: status; readonly details: string } {
  if (error instanceof WireError) return { code: STATUS[error.code], details: error.message };
  return {
    code: status.INTERNAL,
    details: "the coordinator failed in a way that it does not know: see its log",
  };
}

/** What a status of the coordinator at `address` means. */
export function wireErrorOf(code: number, details: string, address: string, cause?: unknown): WireError {
  const found = (Object.keys(STATUS) as WireErrorCode[]).find((name) => STATUS[name] === code) ??
    "unavailable";
  const options = cause === undefined ? undefined : { cause };
  switch (found) {
    case "unavailable":
      return new WireError(
        found,
        `coordinator ${address} cannot be reached (${
          status[code] ?? code
        }: ${details}): is it running, and is this ` +
          "its gRPC port?",
        options,
      );
    case "not_now":
      return new WireError(found, `coordinator ${address} cannot do this now: ${details}`, options);
    case "unsupported":
      return new WireError(
        found,
        `${address} does not speak the protocol of coordinators (${details}): is this its gRPC port, and is it of this version?`,
        options,
      );
    default:
      return new WireError(found, `coordinator ${address} refuses this worker: ${details}`, options);
  }
}
