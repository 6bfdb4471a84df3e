/** PostgreSQL that is away, and PostgreSQL that refuses: the words are those of a real coderd. */
import { type KubeFailure, type PodFailure, podFailure } from "./kube_failure.ts";
import { crashes } from "./kubelet_says.ts";
import type { Lab } from "./lab.ts";

const log = (words: string) => [
  "Started HTTP listener at http://0.0.0.0:8080",
  `2026-11-22 08:09:11.291 [warn]  ping postgres: retrying  error=${JSON.stringify(words)}  try=11`,
  'Encountered an error running "coder server", see "coder server --help" for more information',
  `error: connect to postgres: connect to postgres: unable to connect after 11 tries; last error: ${words}`,
];
const words = crashes({ reason: "Error", exitCode: 1 });
const REFUSED = 'pq: password authentication failed for user "coder"';
const AWAY = "dial tcp 10.96.14.2:5432: connect: connection refused";

function databaseFailure(failure: Omit<PodFailure, "subject" | "words" | "spec">): KubeFailure {
  const made = podFailure({ ...failure, subject: "controlplane", words });
  return {
    ...made,
    touches: ["pod", "database", "secret"],
    async prepare(lab, name) {
      await made.prepare?.(lab, name);
      const secret = `${name}-db`;
      lab.plan(name, {
        operatorAccess: {},
        extraEnv: [{
          name: "CODER_PG_CONNECTION_URL",
          valueFrom: { secretKeyRef: { name: secret, key: "url" } },
        }],
      });
      const password = lab.planted.secret("a password in a database's URL");
      const url = `postgres://coder:${password}@127.0.0.1:1/coder?sslmode=disable`;
      await lab.create("Secret", secret, { stringData: { url } });
    },
  };
}

/** Pods run, and the operator itself does not get into the database. */
function accessFailure(
  failure: Pick<KubeFailure, "id" | "asked" | "rule" | "says" | "quotes">,
  reason: string,
  url: (lab: Lab) => Promise<URL>,
): KubeFailure {
  return {
    ...failure,
    where: "kubernetes",
    subject: "controlplane",
    // The operator asks the database once pods are available.
    touches: ["pod", "database", "secret"],
    async prepare(lab, name) {
      const database = await url(lab);
      lab.planted.known(database.password, "a password in the operator's URL");
      await lab.create("Secret", `${name}-db`, { stringData: { url: database.href } });
      lab.plan(name, { operatorAccess: { databaseURLSecretRef: { name: `${name}-db` } } });
    },
    async inject(lab, name) {
      await lab.make("controlplane", name);
      await lab.condition("CoderControlPlane", name, "OperatorAccess", "False", reason);
      return name;
    },
  };
}

const PASSWORD = "pl-0f1c3a9b5d7e4826";
const nobody = () =>
  Promise.resolve(new URL(`postgres://coder:${PASSWORD}@127.0.0.1:1/coder?sslmode=disable`));

/** A real server, which has another password. */
async function refusing({ ground }: Lab): Promise<URL> {
  const url = new URL((await ground.postgres()).url());
  url.password = PASSWORD;
  return url;
}

export const DATABASE: readonly KubeFailure[] = [
  databaseFailure({
    id: "postgres-down",
    rule: "postgres-unreachable",
    says: /PostgreSQL/,
    quotes: /connection refused/,
    log: () => log(AWAY),
  }),
  databaseFailure({
    id: "postgres-password",
    rule: "postgres-refuses-password",
    says: /password|refuses/,
    quotes: /password authentication failed/,
    log: () => log(REFUSED),
  }),
  accessFailure(
    {
      id: "operator-database-down",
      asked: "postgres-down",
      rule: "postgres-unreachable",
      says: /PostgreSQL/,
      quotes: /ECONNREFUSED|refused/i,
    },
    "DatabaseUnreachable",
    nobody,
  ),
  accessFailure(
    {
      id: "operator-database-password",
      asked: "postgres-password",
      rule: "postgres-refuses-password",
      says: /password|refuses/,
      quotes: /password authentication failed/,
    },
    "DatabaseRefused",
    refusing,
  ),
];
