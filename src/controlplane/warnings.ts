/** What a control plane allows but should not have. */
import type { ControlPlane } from "../api/control_plane.ts";
import { repeatedNames } from "./children/environment.ts";
import type { Trouble } from "../operator/pass/report.ts";

/** The database of a control plane. */
export const DATABASE_URL = "CODER_PG_CONNECTION_URL";

/** What is known beside the spec. */
export interface WarningFacts {
  /** Pods that run. */
  replicas: number;
  /** A database is, or may be, configured. */
  databaseKnown: boolean;
}

/** True where the spec itself names a database. */
export function namesDatabase({ spec }: ControlPlane): boolean {
  return spec.extraEnv.some(({ name }) => name === DATABASE_URL) ||
    [...spec.args, ...spec.extraArgs].some((argument) => argument.startsWith("--postgres-url"));
}

/** In a fixed order. */
export function warningsOf(controlPlane: ControlPlane, facts: WarningFacts): Trouble[] {
  const warnings: Trouble[] = [];
  if (facts.replicas > 1 && !facts.databaseKnown) {
    warnings.push({
      reason: "BuiltInDatabaseShared",
      message:
        `${facts.replicas} replicas without ${DATABASE_URL}: each pod has a database of its own, and users see ` +
        `a different Coder with every request. Set ${DATABASE_URL} in spec.extraEnv, or spec.replicas to 1`,
    });
  }
  const repeated = repeatedNames(controlPlane);
  if (repeated.length > 0) {
    warnings.push({
      reason: "RepeatedEnvironment",
      message: `spec.extraEnv defines ${repeated.join(", ")} more than once; the last definition is used. ` +
        "Remove the others",
    });
  }
  warnings.push(...signInWarnings(controlPlane));
  return warnings;
}

function signInWarnings({ spec: { signIn } }: ControlPlane): Trouble[] {
  const { oidc, github, disablePassword } = signIn ?? {};
  const warnings: Trouble[] = [];
  if (oidc !== undefined && !/^\s*https:/i.test(oidc.issuerURL)) {
    warnings.push({
      reason: "InsecureIssuer",
      message:
        "spec.signIn.oidc.issuerURL is not https: whoever is on the way can sign in as anybody. Use https",
    });
  }
  if (disablePassword === true && oidc === undefined && github === undefined) {
    warnings.push({
      reason: "NobodySignsIn",
      message: "spec.signIn.disablePassword without oidc or github lets nobody sign in, not even owners, " +
        "unless extraEnv sets up another way: configure one of them, or allow passwords",
    });
  }
  return warnings;
}
