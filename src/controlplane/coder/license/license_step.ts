/**
 * The licence from a Secret, in Coder: applied once, replaced when the Secret holds another one. Conditions and reasons are
 * those of the Go operator; what counts as applied is the licence itself, not that there is one.
 */
import { keyText } from "../../../api/object.ts";
import {
  CoderError,
  type CoderErrorKind,
  isConflict,
  isInvalid,
  isNotFound,
  isUnsupported,
  type License,
  mayHaveHappened,
} from "../../../coder/mod.ts";
import { conditionOf } from "../../../workload/conditions.ts";
import type { Report } from "../../report.ts";
import { LicenseMemory } from "./license_memory.ts";
import { findLicense, sha256 } from "./license_text.ts";
import { periodicStep } from "../visit.ts";
import { readSecret, type SecretKey, secretVersion } from "../../../operator/visit/secrets.ts";
import type { Visit, VisitStep, VisitTools } from "../visit.ts";

const TYPE = "LicenseApplied";

type Reason = "Pending" | "SecretMissing" | "NotSupported" | "Forbidden" | "Error" | "Applied";

const REASONS: Readonly<Partial<Record<CoderErrorKind, Reason>>> = {
  unauthorized: "Forbidden",
  forbidden: "Forbidden",
  notFound: "NotSupported",
  unsupported: "NotSupported",
};

/** Looks whether the licence is there, every ten minutes and when the Secret or the operator's token changes. */
export function licenseStep(): VisitStep {
  const memories = new Map<string, LicenseMemory>();
  const memoryOf = (visit: Visit): LicenseMemory => {
    const uid = visit.object.metadata.uid ?? "";
    const known = memories.get(uid) ?? new LicenseMemory(visit.controlPlane.status);
    memories.set(uid, known);
    return known;
  };
  const asking = periodicStep({
    name: "License",
    everyMs: 600_000,
    inputs(visit, { kinds }) {
      const reference = secretKeyOf(visit);
      if (reference === undefined) return undefined;
      const version = secretVersion(kinds, reference.secret);
      return { reference, version, token: visit.token ?? "", coder: visit.version ?? "" };
    },
    holds: (visit) => !visit.reachable || visit.token === undefined,
    waiting,
    ask: (visit, tools, report) => apply(visit, tools, report, memoryOf(visit)),
    failed(visit, _tools, report, failure, error) {
      const memory = memoryOf(visit);
      // Waiting helps, and nothing says that the licence is not in force any more.
      if (failure.transient && memory.isApplied) return sayApplied(report, memory);
      const reason = (error instanceof CoderError ? REASONS[error.kind] : undefined) ?? "Error";
      const message = failure.reason === "RateLimited"
        ? "Coder asks for fewer requests; the licence is looked at as soon as it allows"
        : failure.message;
      say(report, "False", reason, message);
      if (!failure.transient) report.trouble({ reason: "LicenseNotApplied", message });
    },
  });
  return {
    name: asking.name,
    async run(visit, tools) {
      if (secretKeyOf(visit) === undefined) {
        const left = visit.controlPlane.status.licenseLastAppliedHash === undefined
          ? ""
          : "; the one that the operator applied earlier stays in Coder, where it can be removed";
        say(visit.report, "Unknown", "Pending", `No licence is configured (spec.licenseSecretRef)${left}`);
      }
      await asking.run(visit, tools);
      visit.licenses = memories.get(visit.object.metadata.uid ?? "")?.stamp;
    },
    forget(uid) {
      memories.delete(uid);
      asking.forget?.(uid);
    },
  };
}

function secretKeyOf({ key, controlPlane }: Visit): SecretKey | undefined {
  const reference = controlPlane.spec.licenseSecretRef;
  if (reference === undefined) return undefined;
  return {
    secret: { namespace: key.namespace, name: reference.name.trim() },
    key: reference.key || "license",
  };
}

function waiting(visit: Visit): void {
  const before = conditionOf(visit.controlPlane.status.conditions, TYPE);
  // After a restart of the operator, what it said before still stands.
  if (before !== undefined && before.reason !== "Pending") return;
  const what = visit.ready
    ? visit.reachable ? "the operator has access to Coder (see condition OperatorAccess)" : "Coder answers"
    : "a pod of Coder is ready";
  say(visit.report, "False", "Pending", `The licence is applied once ${what}`);
}

async function apply(
  visit: Visit,
  tools: VisitTools,
  report: Report,
  memory: LicenseMemory,
): Promise<number | void> {
  const reference = secretKeyOf(visit);
  if (reference === undefined) return;
  const read = await readSecret(tools.client, reference, visit.signal);
  if ("missing" in read) {
    say(report, "False", "SecretMissing", read.message);
    return report.trouble({ reason: "LicenseNotApplied", message: read.message });
  }
  const license = read.value;
  tools.keepSecret(license);
  const hash = sha256(license);
  memory.want(hash);
  const calls = visit.client(visit.token).licenses;
  const options = { signal: visit.signal };
  let listed = await listLicenses(visit);
  if (listed === undefined) {
    const message =
      "This build of Coder takes no licences (the AGPL build does not): run an image of Coder that " +
      "does, or remove spec.licenseSecretRef";
    return sayRefused(report, { reason: "NotSupported", message });
  }
  let entry = findLicense(listed, license);
  if (entry !== undefined) {
    memory.found(hash, entry, tools.now());
  } else {
    const refused = memory.refusal(hash, visit.version);
    if (refused !== undefined) return sayRefused(report, refused);
    try {
      entry = await calls.add(license, options);
      memory.added(hash, entry, tools.now());
      told(
        visit,
        tools,
        "LicenseUploaded",
        `Added licence ${entry.uuid} of Secret ${keyText(reference.secret)}`,
      );
    } catch (error) {
      if (isInvalid(error) || isUnsupported(error) || isNotFound(error)) {
        const { message } = error;
        memory.refused(hash, visit.version, {
          reason: isInvalid(error) ? "Error" : "NotSupported",
          message:
            `Coder refuses the licence of Secret ${keyText(reference.secret)}, which is not sent again ` +
            `before the Secret changes: ${tools.redact(message)}`,
        });
        return sayRefused(report, memory.refusal(hash, visit.version));
      }
      if (mayHaveHappened(error)) memory.uncertain(hash);
      if (!isConflict(error)) throw error;
      // This very text is there already.
      listed = await calls.list(options);
      entry = findLicense(listed, license);
      memory.found(hash, entry, tools.now());
    }
  }
  const left = entry === undefined ? "" : await removeSuperseded(visit, tools, memory, listed, entry);
  sayApplied(report, memory, left);
  return left === "" ? undefined : 60_000;
}

/** Undefined where this Coder knows no licences. */
async function listLicenses(visit: Visit): Promise<License[] | undefined> {
  try {
    return await visit.client(visit.token).licenses.list({ signal: visit.signal });
  } catch (error) {
    if (isUnsupported(error) || isNotFound(error)) return undefined;
    throw error;
  }
}

/** Removes what the operator added earlier, now that its successor is in. Returns what could not be done. */
async function removeSuperseded(
  visit: Visit,
  tools: VisitTools,
  memory: LicenseMemory,
  listed: readonly License[],
  current: License,
): Promise<string> {
  const superseded = listed.filter(({ id, uuid }) => id !== current.id && memory.isOurs(uuid));
  let left = "";
  for (const { id, uuid } of superseded) {
    try {
      await visit.client(visit.token).licenses.delete(id, { signal: visit.signal });
      told(visit, tools, "LicenseRemoved", `Removed licence ${uuid}: ${current.uuid} replaces it`);
    } catch (error) {
      visit.signal.throwIfAborted();
      if (!(error instanceof CoderError)) throw error;
      left = `; licence ${uuid}, which it replaces, could not be removed yet`;
      visit.log.info("a licence that was replaced could not be removed", { license: uuid, error });
    }
  }
  if (left === "") memory.keepOnly(current);
  return left;
}

function told({ object }: Visit, { events }: VisitTools, reason: string, note: string): void {
  events.event(object, "Normal", reason, note, "ApplyLicense");
}

function say(report: Report, status: "True" | "False" | "Unknown", reason: Reason, message: string): void {
  report.condition({ type: TYPE, status, reason, message });
}

function sayRefused(report: Report, refused: { reason: Reason; message: string } | undefined): void {
  if (refused === undefined) return;
  say(report, "False", refused.reason, refused.message);
  report.trouble({ reason: "LicenseNotApplied", message: refused.message });
}

function sayApplied(report: Report, memory: LicenseMemory, left = ""): void {
  say(report, "True", "Applied", `The licence of the Secret is in Coder${left}`);
  report.status(memory.status());
}
