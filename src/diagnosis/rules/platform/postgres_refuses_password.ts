/** PostgreSQL refuses the user or the password. */
import { kubectl } from "../../pods/steps.ts";
import { databaseRule, editDatabase, readCoderLog } from "./postgres_rule.ts";

/** See the file's head. */
export const postgresRefusesPassword = databaseRule({
  id: "postgres-refuses-password",
  troubles: ["password"],
  docs: {
    title: "PostgreSQL refuses the password",
    symptom: "Coder's pods end and start again.",
    cause: "User or password in CODER_PG_CONNECTION_URL are wrong, or were changed in the database alone.",
    evidence: "The last words of Coder's log, or the operator's condition OperatorAccess.",
    remedy: "Put the right password into the URL (percent-encoded), or set it in the database.",
  },
  cause: ({ ref }, words) =>
    `PostgreSQL refuses the user or the password with which Coder of control plane ${ref} signs in${words}`,
  next: (controlPlane) => [
    editDatabase(controlPlane, "user and password"),
    {
      text: "Start the pods anew after the Secret was changed.",
      command: kubectl(controlPlane.namespace, "rollout", "restart", `deployment/${controlPlane.name}`),
    },
    readCoderLog(controlPlane),
  ],
});
