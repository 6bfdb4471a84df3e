/** PostgreSQL does not answer. */
import { kubectl } from "../../pods/steps.ts";
import { databaseRule, editDatabase, readCoderLog } from "./postgres_rule.ts";

/** See the file's head. */
export const postgresUnreachable = databaseRule({
  id: "postgres-unreachable",
  troubles: ["unreachable"],
  docs: {
    title: "PostgreSQL does not answer",
    symptom: "Coder's pods end and start again, or Coder answers everything with an error.",
    cause:
      "The database server is down, overloaded, elsewhere, or a network policy or firewall is in between.",
    evidence: "The last words of Coder's log, the operator's conditions, or what Coder answers.",
    remedy: "Bring PostgreSQL up, or correct host and port in CODER_PG_CONNECTION_URL.",
  },
  cause: ({ ref }, words) => `PostgreSQL, the database of control plane ${ref}, does not answer${words}`,
  next: (controlPlane) => [
    {
      text: "See whether the database runs, where it is in this cluster.",
      command: kubectl(controlPlane.namespace, "get", "pods,services,endpoints"),
    },
    editDatabase(controlPlane, "host and port"),
    readCoderLog(controlPlane),
  ],
});
