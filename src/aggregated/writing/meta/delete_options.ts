/** How a client wants something deleted. */
import { badRequest, invalid, type StatusCause } from "../../serving/status_errors.ts";
import type { WriteRequest } from "../../serving/storage.ts";
import { parseBody } from "../decode/body.ts";
import { invalidValue, notSupported } from "../decode/causes.ts";
import { fit } from "../decode/fit.ts";
import { fieldOf, isJsonObject, type JsonObject, sortOf } from "../decode/json_value.ts";
import { sharedShape } from "../decode/shape.ts";

export type Propagation = "Foreground" | "Background" | "Orphan";

export interface DeleteOptions {
  /** Everything is checked, and nothing is changed: where the query or the body says so. */
  readonly dryRun: boolean;
  /** In seconds; never below 0: what is below counts as 1. */
  readonly gracePeriodSeconds?: number;
  /** What becomes of the objects that it owns. Absent: not said. */
  readonly propagation?: Propagation;
  /** Older than `propagation`: true is `Orphan`. With false, the answer to an unfinished deletion is 202. */
  readonly orphanDependents?: boolean;
  /** It is deleted only if it still has these. */
  readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string };
}

const PROPAGATIONS: readonly Propagation[] = ["Foreground", "Background", "Orphan"];
const KIND = "DeleteOptions";

/**
 * From the body, else from the query: where there is a body the query counts for nothing but `dryRun`.
 *
 * @throws {StatusError} 415 for a body in another media type, 400 for what cannot be read, 422 for values that there are
 * not
 */
export function readDeleteOptions(
  { contentType, body, query }: Pick<WriteRequest, "contentType" | "body" | "query">,
): DeleteOptions {
  const said = body.byteLength > 0 ? ofBody({ contentType, body }) : ofQuery(query);
  const { gracePeriodSeconds: seconds, orphanDependents, propagationPolicy, preconditions = {} } = said;
  // An earlier client's habit: what is asked for without effect must not take effect.
  const dryRuns = [
    ...new Set([...(said.dryRun ?? []), ...query.getAll("dryRun").filter((run) => run !== "")]),
  ];
  const causes: StatusCause[] = [
    ...(orphanDependents !== undefined && propagationPolicy !== undefined
      ? [invalidValue(
        "propagationPolicy",
        propagationPolicy,
        "orphanDependents and propagationPolicy cannot be both set",
      )]
      : []),
    ...(propagationPolicy === undefined || isPropagation(propagationPolicy)
      ? []
      : [notSupported("propagationPolicy", propagationPolicy, PROPAGATIONS)]),
    ...(dryRuns.some((run) => run !== "All") ? [notSupported("dryRun", dryRuns, ["All"])] : []),
  ];
  if (causes.length > 0) throw invalid({ group: "meta.k8s.io", kind: KIND }, "", causes);
  return {
    dryRun: dryRuns.length > 0,
    ...(seconds === undefined ? {} : { gracePeriodSeconds: seconds < 0 ? 1 : seconds }),
    ...(isPropagation(propagationPolicy) ? { propagation: propagationPolicy } : {}),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    preconditions,
  };
}

/** Of the right types; nothing of the values is known. */
interface Said {
  gracePeriodSeconds?: number;
  orphanDependents?: boolean;
  propagationPolicy?: string;
  dryRun?: string[];
  preconditions?: { uid?: string; resourceVersion?: string };
}

function ofBody(body: Pick<WriteRequest, "contentType" | "body">): Said {
  const { value } = parseBody(body);
  if (value === null) return {};
  if (!isJsonObject(value)) throw badRequest(`the body must be ${KIND}, not ${sortOf(value)}`);
  checkKind(value);
  const { value: fitted, mismatches } = fit(value, sharedShape(KIND));
  if (mismatches.length > 0) throw badRequest(`${KIND} cannot be read: ${mismatches.join(", ")}`);
  return fitted as unknown as Said;
}

/** Of whatever version: groups had options of their own, and all of them say the same. */
function checkKind(value: JsonObject): void {
  const kind = fieldOf(value, "kind") ?? "";
  if (kind === "" || kind === KIND) return;
  throw badRequest(`the body of a delete must be ${KIND}, not ${JSON.stringify(kind)}`);
}

function ofQuery(query: URLSearchParams): Said {
  const seconds = query.get("gracePeriodSeconds") ?? "";
  const orphan = (query.get("orphanDependents") ?? "").toLowerCase();
  const policy = query.get("propagationPolicy");
  if (seconds !== "" && !/^[+-]?\d{1,15}$/.test(seconds)) {
    throw badRequest(`gracePeriodSeconds must be a whole number, not ${JSON.stringify(seconds)}`);
  }
  return {
    ...(seconds === "" ? {} : { gracePeriodSeconds: Number(seconds) }),
    ...(query.has("orphanDependents") ? { orphanDependents: orphan !== "false" && orphan !== "0" } : {}),
    ...(policy === null ? {} : { propagationPolicy: policy }),
  };
}

function isPropagation(value: string | undefined): value is Propagation {
  return PROPAGATIONS.some((known) => known === value);
}
