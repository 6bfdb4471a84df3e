/** The database is not there, or not for this user, or its address cannot be read. */
import { databaseRule, editDatabase, readCoderLog } from "./postgres_rule.ts";

/** See the file's head. */
export const postgresDatabaseMissing = databaseRule({
  id: "postgres-database-missing",
  troubles: ["database", "rights", "address"],
  docs: {
    title: "Coder cannot use the database that it is given",
    symptom: "Coder's pods end and start again.",
    cause:
      "The database of that name does not exist (Coder makes none), its user may not use it, pg_hba.conf has no " +
      "entry for it, or CODER_PG_CONNECTION_URL cannot be read.",
    evidence: "The last words of Coder's log, or the operator's condition OperatorAccess.",
    remedy: "Create the database, grant its user the rights, or correct the URL.",
  },
  cause: ({ ref }, words) =>
    `PostgreSQL has not the database that Coder of control plane ${ref} is to use, or not for its user${words}`,
  next: (controlPlane) => [
    editDatabase(controlPlane, "database, user and form"),
    {
      text: "Or create the database, with the user of the URL as its owner.",
      command: 'psql -h HOST -U postgres -c "create database coder owner coder"',
    },
    readCoderLog(controlPlane),
  ],
});
