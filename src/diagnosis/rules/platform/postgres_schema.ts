/** The database's schema is not one that this version of Coder can work on. */
import { kubectl } from "../../pods/steps.ts";
import { editOwner } from "../../owner_steps.ts";
import { databaseRule, readCoderLog } from "./postgres_rule.ts";

/** See the file's head. */
export const postgresSchema = databaseRule({
  id: "postgres-schema",
  troubles: ["schema"],
  docs: {
    title: "The database's schema is not for this version of Coder",
    symptom: "Coder's pods end and start again after a change of version.",
    cause:
      "A later version of Coder has migrated the database (there is no way back without a backup), a migration was " +
      "broken off (dirty), or PostgreSQL itself is too old.",
    evidence: "The last words of Coder's log.",
    remedy: "Run the version of Coder that the schema is of, or restore a backup; see docs/upgrades.md.",
  },
  cause: ({ ref }, words) =>
    `The database of control plane ${ref} has a schema on which its version of Coder does not start${words}`,
  next: (controlPlane) => [
    editOwner(controlPlane, "Set spec.image to the latest version that ever ran on this database."),
    {
      text: "See which images have run.",
      command: kubectl(
        controlPlane.namespace,
        "get",
        "replicasets",
        "-l",
        `app.kubernetes.io/instance=${controlPlane.name}`,
        "-o",
        "wide",
      ),
    },
    readCoderLog(controlPlane),
  ],
});
