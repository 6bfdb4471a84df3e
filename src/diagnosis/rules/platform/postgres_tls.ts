/** Coder and PostgreSQL do not agree on TLS. */
import { databaseRule, editDatabase, readCoderLog } from "./postgres_rule.ts";

/** See the file's head. */
export const postgresTls = databaseRule({
  id: "postgres-tls",
  troubles: ["tls"],
  docs: {
    title: "Coder and PostgreSQL do not agree on TLS",
    symptom: "Coder's pods end and start again.",
    cause:
      "The server wants TLS and sslmode switches it off, or the server has none and sslmode wants it (as it does " +
      "where the URL says nothing), or its certificate is not trusted.",
    evidence: "The last words of Coder's log, or the operator's condition OperatorAccess.",
    remedy:
      "Set sslmode in CODER_PG_CONNECTION_URL to what the server does; give the authority's certificate.",
  },
  cause: ({ ref }, words) => `Coder of control plane ${ref} and PostgreSQL do not agree on TLS${words}`,
  next: (controlPlane) => [editDatabase(controlPlane, "sslmode"), readCoderLog(controlPlane)],
});
