/** The first owner of an empty deployment, from a Secret, once. */
import { keyText, type ObjectKey } from "../../api/object.ts";
import { CoderApiError, type CoderError, isConflict, isInvalid, type NewFirstUser } from "../../coder/mod.ts";
import { conditionOf } from "../../workload/conditions.ts";
import type { Report } from "../report.ts";
import { sha256 } from "./license/license_text.ts";
import { periodicStep } from "./visit.ts";
import { readSecretKeys, secretVersion } from "../../operator/visit/secrets.ts";
import type { Visit, VisitStep, VisitTools } from "./visit.ts";

const TYPE = "FirstUser";

/** What Coder refused: it is not sent again. */
interface Refused {
  hash: string;
  message: string;
}

/** What is said of a deployment that has users. */
interface Found {
  reason: string;
  message: string;
}

const EXISTS = "Coder has users already; spec.firstUser is not used";
const created = (username: string) => `The operator created the first owner, ${username}`;

/**
 * Creates the first user where there is none. A deployment that has users is never touched; once that is known, nothing is
 * asked any more as long as the operator runs.
 */
export function firstUserStep(): VisitStep {
  /** By UID, of the control planes that have users. */
  const exists = new Map<string, Found>();
  const refused = new Map<string, Refused>();
  const asking = periodicStep({
    name: "FirstUser",
    inputs: (visit, { kinds }) => {
      const { firstUser } = visit.controlPlane.spec;
      if (firstUser === undefined || exists.has(uidOf(visit))) return undefined;
      return { firstUser, version: secretVersion(kinds, secretOf(visit, firstUser.secretName)) };
    },
    holds: (visit) => !visit.reachable,
    waiting(visit) {
      // After a restart of the operator, what it said before still stands.
      if (conditionOf(visit.controlPlane.status.conditions, TYPE) !== undefined) return;
      say(visit.report, "False", "Pending", "The first user is created once Coder answers");
    },
    async ask(visit, tools, report) {
      const uid = uidOf(visit);
      const { users } = visit.client();
      const found = (reason: "Created" | "Exists", username = "") => {
        const before = conditionOf(visit.controlPlane.status.conditions, TYPE);
        // What an earlier process did stays told.
        const told = before?.status === "True" && before.reason === "Created" ? before : undefined;
        const known = told ?? { reason, message: reason === "Created" ? created(username) : EXISTS };
        exists.set(uid, { reason: known.reason, message: known.message });
        say(report, "True", known.reason, known.message);
      };
      if (await users.hasFirst({ signal: visit.signal })) return found("Exists");
      const read = await readUser(visit, tools);
      if ("missing" in read) return complain(report, "SecretMissing", read.missing);
      const { user } = read;
      const hash = sha256(JSON.stringify(user));
      const before = refused.get(uid);
      if (before?.hash === hash) return complain(report, "Refused", before.message);
      try {
        await users.createFirst(user, { signal: visit.signal });
      } catch (error) {
        if (isInvalid(error)) {
          const message = tools.redact(refusal(visit, error));
          refused.set(uid, { hash, message });
          return complain(report, "Refused", message);
        }
        // Somebody else was as quick. Anything else is thrown, and looked at again before the next try.
        if (isConflict(error) && await users.hasFirst({ signal: visit.signal })) return found("Exists");
        throw error;
      }
      found("Created", user.username);
    },
    failed(_visit, _tools, report, failure) {
      say(report, "False", failure.reason, failure.message);
      if (!failure.transient) report.trouble({ reason: "FirstUserNotCreated", message: failure.message });
    },
  });
  return {
    name: asking.name,
    async run(visit, tools) {
      const known = exists.get(uidOf(visit));
      if (visit.controlPlane.spec.firstUser === undefined) visit.report.noCondition(TYPE);
      else if (known !== undefined) say(visit.report, "True", known.reason, known.message);
      await asking.run(visit, tools);
    },
    forget(uid) {
      exists.delete(uid);
      refused.delete(uid);
      asking.forget?.(uid);
    },
  };
}

/** The user that the Secret describes, or what is missing in it. */
async function readUser(
  visit: Visit,
  { client, keepSecret }: VisitTools,
): Promise<{ user: NewFirstUser } | { missing: string }> {
  const { firstUser } = visit.controlPlane.spec;
  const keys = [
    firstUser?.usernameKey || "username",
    firstUser?.emailKey || "email",
    firstUser?.passwordKey || "password",
    firstUser?.nameKey || "name",
  ];
  const secret = secretOf(visit, firstUser?.secretName ?? "");
  const [username, email, password, name] = await readSecretKeys(client, secret, keys, visit.signal);
  if (password !== undefined && "value" in password) keepSecret(password.value);
  const texts: string[] = [];
  for (const part of [username, email, password]) {
    if (part === undefined || "missing" in part) return { missing: part?.message ?? "" };
    texts.push(part.value);
  }
  const [user = "", address = "", secretWord = ""] = texts;
  return {
    user: {
      username: user,
      email: address,
      password: secretWord,
      ...(name !== undefined && "value" in name && { name: name.value }),
    },
  };
}

function secretOf({ key }: Visit, name: string): ObjectKey {
  return { namespace: key.namespace, name: name.trim() };
}

/** Coder's own words; the client has taken the password out of them. "password: x" would look like one to the redactor. */
function refusal(visit: Visit, error: CoderError): string {
  const secret = keyText(secretOf(visit, visit.controlPlane.spec.firstUser?.secretName ?? ""));
  const fields = error instanceof CoderApiError
    ? error.validations.map(({ field, detail }) => `${field} - ${detail}`).join("; ")
    : "";
  const words = error instanceof CoderApiError && error.coderMessage !== ""
    ? error.coderMessage
    : error.message;
  return `Coder refuses the first user of Secret ${secret}, who is tried again when the Secret changes. Coder says: ` +
    (fields === "" ? words : `${words} (${fields})`);
}

function say(report: Report, status: "True" | "False", reason: string, message: string): void {
  report.condition({ type: TYPE, status, reason, message });
}

/** Somebody has to change something. */
function complain(report: Report, reason: string, message: string): void {
  say(report, "False", reason, message);
  report.trouble({ reason: "FirstUserNotCreated", message });
}

function uidOf(visit: Visit): string {
  return visit.object.metadata.uid ?? "";
}
