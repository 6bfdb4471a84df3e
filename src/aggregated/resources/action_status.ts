/** What an action refuses, as Kubernetes tells it. */
import type { ResourceType } from "../../api/object.ts";
import { ActionError, type Cause } from "../../actions/mod.ts";
import { CoderApiError, CoderError } from "../../inventory/mod.ts";
import { KubeApiError, KubeConnectionError } from "../../kube/errors.ts";
import { type Asked, coderStatus } from "../coder_status.ts";
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  notFound,
  serviceUnavailable,
  StatusError,
} from "../serving/status_errors.ts";
import { StaleError } from "../writing/target.ts";
import { keepingStatus } from "./commit.ts";

export interface ActionAsked extends Asked {
  /** Where in the object a field of the action is, such as `spec.settings.defaultTTLMillis`. @default below `spec` */
  readonly fieldOf?: ((field: string) => string) | undefined;
  /** Whether it is known that its Coder cannot be asked now. */
  readonly isAway: boolean;
}

/** What the caller of a write is told of an error; what is none of an action is told as it is. */
export function actionStatus(error: unknown, asked: ActionAsked): unknown {
  if (error instanceof StatusError || error instanceof StaleError) return error;
  const { type, name, coder, isAway } = asked;
  if (error instanceof ActionError) return refusal(error, asked);
  if (error instanceof CoderError) return coderStatus(error, { ...asked, isWrite: true });
  if (isAbort(error)) return error;
  // Where no connection can be made, by a token that cannot be read, say, the error is none of Coder's.
  if (isAway) {
    return serviceUnavailable(`the Coder of ${coder} cannot be asked now`, 1, { cause: error });
  }
  return coderStatus(error, { type, name, coder });
}

/** What is answered where a write fails, in fields of the object whoever refuses. */
export function writeStatus(error: unknown, asked: ActionAsked): unknown {
  // Wishes, and changes that are under way, are kept in the cluster.
  if (error instanceof KubeApiError || error instanceof KubeConnectionError) return keepingStatus(error);
  const { type, name, fieldOf } = asked;
  const status = actionStatus(error, asked);
  if (!(error instanceof CoderApiError) || !(status instanceof StatusError)) return status;
  const { causes = [] } = status.details ?? {};
  if (status.reason !== "Invalid" || causes.length === 0) return status;
  const named = causes.map(({ field = "", ...cause }) =>
    field === "" ? cause : { ...cause, field: fieldOf?.(field) ?? field }
  );
  return invalid(type, name, named);
}

function refusal(
  { reason, message, causes }: ActionError,
  { type, name, fieldOf }: ActionAsked,
): StatusError {
  switch (reason) {
    case "exists":
      return alreadyExists(type, name);
    case "missing":
      return notFound(type, name);
    case "conflict":
      return conflict(type, name, message);
    case "forbidden":
      return new StatusError(403, "Forbidden", message);
    case "invalid":
      return causes.length === 0 ? badRequest(message) : invalidFields(type, name, causes, fieldOf);
  }
}

function invalidFields(
  type: ResourceType,
  name: string,
  causes: readonly Cause[],
  fieldOf = (field: string) => `spec.${field}`,
): StatusError {
  return invalid(
    type,
    name,
    causes.map(({ field, message }) => ({
      reason: "FieldValueInvalid",
      message,
      field: fieldOf(field),
    })),
  );
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && (error.name === "AbortError" || error.name === "TimeoutError");
}
