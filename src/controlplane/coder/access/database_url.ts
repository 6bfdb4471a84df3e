/** Where a control plane's PostgreSQL is: what the user says to the operator, or else to Coder. */
import type { ControlPlane } from "../../../api/control_plane.ts";
import type { DatabaseAddress } from "../../../coder/database/mod.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { DATABASE_URL } from "../../warnings.ts";
import { type EnvValue, PodEnvironment } from "./database_url_env.ts";
import { readSecret, type SecretValue } from "../../../operator/visit/secrets.ts";

/** The database, or why it is not known. */
export type DatabaseLocation =
  | {
    readonly address: DatabaseAddress;
    /** Where the URL was found, for messages. */
    readonly from: string;
    /** Parts of the address that must never be seen. */
    readonly secrets: readonly string[];
  }
  | {
    readonly reason: "NoDatabaseURL" | "DatabaseURLMissing" | "DatabaseCAMissing";
    readonly message: string;
  };

const SET_ONE = `name a Secret with a PostgreSQL URL in spec.operatorAccess.databaseURLSecretRef`;

/** Finds it. Throws what the API server refuses. */
export async function findDatabase(
  controlPlane: ControlPlane,
  client: Pick<KubeClient, "get">,
  signal: AbortSignal,
): Promise<DatabaseLocation> {
  const { operatorAccess } = controlPlane.spec;
  const secretOf = (reference: { name: string; key?: string | undefined }, defaultKey: string) => ({
    secret: { namespace: controlPlane.metadata.namespace ?? "", name: reference.name.trim() },
    key: reference.key?.trim() || defaultKey,
  });
  const { databaseURLSecretRef: own, databaseCASecretRef: authority } = operatorAccess;
  const found = own === undefined
    ? await coderDatabase(controlPlane, client, signal)
    : ownDatabase(await readSecret(client, secretOf(own, "url"), signal));
  if (found === undefined) return noDatabase();
  if ("missing" in found) return { reason: "DatabaseURLMissing", message: found.missing };
  const url = found.value.trim();
  if (url === "") return noDatabase();
  const { from } = found;
  const secrets = secretsOf(url);
  if (authority === undefined) return { address: { url }, from, secrets };
  const ca = await readSecret(client, secretOf(authority, "ca.crt"), signal);
  if ("missing" in ca) return { reason: "DatabaseCAMissing", message: ca.message };
  return { address: { url, ca: ca.value }, from, secrets };
}

function ownDatabase(found: SecretValue): EnvValue {
  const from = "spec.operatorAccess.databaseURLSecretRef";
  return "missing" in found ? { missing: `${from}: ${found.message}` } : { value: found.value, from };
}

function noDatabase(): DatabaseLocation {
  const message = `The operator knows no PostgreSQL to make its user and token in. Set ${DATABASE_URL} in ` +
    `spec.extraEnv or spec.envFrom, or ${SET_ONE}, or give an owner's session token in ` +
    "spec.operatorAccess.bootstrapTokenSecretRef";
  return { reason: "NoDatabaseURL", message };
}

/** What Coder itself is told. Arguments win over the environment. */
async function coderDatabase(
  controlPlane: ControlPlane,
  client: Pick<KubeClient, "get">,
  signal: AbortSignal,
): Promise<EnvValue | undefined> {
  const environment = new PodEnvironment(controlPlane, client, signal);
  const argument = argumentValue(controlPlane.spec.extraArgs, "--postgres-url");
  const found = argument === undefined
    ? await environment.value(DATABASE_URL)
    : { value: await environment.expand(argument), from: "spec.extraArgs" };
  if (found === undefined) return undefined;
  if ("missing" in found) return { missing: `${DATABASE_URL}: ${found.missing}; correct it, or ${SET_ONE}` };
  const method = await environment.value("CODER_PG_AUTH");
  if (method !== undefined && "value" in method && method.value.trim() === "awsiamrds") {
    return {
      missing: "Coder signs in to PostgreSQL with an AWS role (CODER_PG_AUTH), which the operator has not",
    };
  }
  return found;
}

function argumentValue(args: readonly string[], name: string): string | undefined {
  const index = args.findLastIndex((each) => each === name || each.startsWith(`${name}=`));
  const argument = args[index];
  return argument === name ? args[index + 1] : argument?.slice(name.length + 1);
}

/** The URL and its password, in every form in which they could be quoted. */
function secretsOf(url: string): string[] {
  const quoted = /(?:^|\s)password\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))/i.exec(url);
  const passwords = [quoted?.[1], quoted?.[2], /[?&]password=([^&\s]+)/i.exec(url)?.[1]];
  const authority = /^[a-z]+:\/\/[^/@:]*:([^/]*)@/i.exec(url)?.[1];
  for (const each of [authority, ...passwords.splice(0)]) {
    if (each === undefined || each === "") continue;
    passwords.push(each, each.replace(/\\(.)/g, "$1"), percentDecoded(each));
  }
  return [...new Set([url, ...passwords.filter((each) => each !== undefined)])];
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
