import assert from "node:assert/strict";
import { postgresDatabaseMissing } from "./postgres_database_missing.ts";
import { postgresRefusesPassword } from "./postgres_refuses_password.ts";
import { postgresSchema } from "./postgres_schema.ts";
import { postgresTls } from "./postgres_tls.ts";
import { postgresUnreachable } from "./postgres_unreachable.ts";
import { troubleIn } from "./postgres_words.ts";
import {
  assertCareful,
  causes,
  condition,
  controlPlane,
  factsOf,
  findings,
  pod,
  seen,
  unread,
} from "./testing.ts";

const RULES = [
  postgresUnreachable,
  postgresRefusesPassword,
  postgresDatabaseMissing,
  postgresTls,
  postgresSchema,
];

/** As coderd 2.30 ends. */
const ended = (error: string) => [
  "Started HTTP listener at http://0.0.0.0:8080",
  `2026-11-22 07:59:30.651 [warn]  ping postgres: retrying  error=${JSON.stringify(error)}  try=11`,
  'Encountered an error running "coder server", see "coder server --help" for more information',
  `error: connect to postgres: connect to postgres: unable to connect after 11 tries; last error: ${error}`,
];
const crashing = pod("coder-0", { ready: false, state: { waiting: { reason: "CrashLoopBackOff" } } });
const logged = (lines: readonly string[]) =>
  factsOf("controlplane", {
    pods: seen([crashing]),
    podLogs: seen([{ pod: "coder-0", namespace: "lab", container: "coder", previous: true, lines }]),
  });
const told = (reason: string, words: string, type = "OperatorAccess", status = "False") =>
  factsOf("controlplane", {
    controlPlane: seen(controlPlane({
      conditions: [
        condition(type, status, reason, `PostgreSQL at db:5432 (database coder, user coder): ${words}`),
      ],
    })),
  });

/** Words of a real coderd 2.30 and PostgreSQL 15, and of servers with other settings. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  "postgres-unreachable": [
    "dial tcp 10.96.14.2:5432: connect: connection refused",
    "dial tcp: lookup db.lab on 10.96.0.10:53: no such host",
    "dial tcp 10.0.0.9:5432: i/o timeout",
    "pq: the database system is starting up",
    "pq: sorry, too many clients already",
    "read tcp 10.0.0.1:4->10.0.0.9:5432: read: connection reset by peer",
  ],
  "postgres-refuses-password": [
    'pq: password authentication failed for user "coder"',
    'pq: role "coder" does not exist',
    "pq: empty password returned by client, password must be given",
  ],
  "postgres-database-missing": [
    'pq: database "coder" does not exist',
    'pq: no pg_hba.conf entry for host "10.1.0.9", user "coder", database "coder", SSL on',
    "pq: permission denied for schema public",
  ],
  "postgres-tls": [
    "pq: SSL is not enabled on the server",
    'pq: no pg_hba.conf entry for host "10.1.0.9", user "coder", database "coder", no encryption',
    "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  ],
  "postgres-schema": [
    "migrate up: up: Dirty database version 412. Fix and force version.",
    "migrate up: up: no migration found for version 1412: read down for version 1412 .: file does not exist",
  ],
};

Deno.test("each of Coder's words about its database is one trouble, and no other rule's", () => {
  for (const [id, words] of Object.entries(WORDS)) {
    for (const error of words) {
      const facts = logged(ended(error));
      const named = RULES.filter((rule) => findings(rule, facts).length > 0).map((rule) => rule.id);
      assert.deepEqual(named, [id], error);
    }
  }
});

Deno.test("a database that is away is named with Coder's own words and their time", () => {
  const [found] = findings(
    postgresUnreachable,
    logged(ended("dial tcp 10.96.14.2:5432: connect: connection refused")),
  );
  assert.equal(
    found?.cause,
    "PostgreSQL, the database of control plane lab/coder, does not answer: " +
      "dial tcp 10.96.14.2:5432: connect: connection refused",
  );
  assert.equal(found?.confidence, "certain");
  const [evidence] = found?.evidence ?? [];
  assert.equal(evidence?.source, "log of pod lab/coder-0 (coder)");
  assert.match(evidence?.quote ?? "", /^error: connect to postgres: .*connection refused$/);
  assert.equal(found?.next[1]?.command, "kubectl -n lab edit codercontrolplane coder");
});

Deno.test("a line with a time is quoted with it, and its error without the logger's quotes", () => {
  const lines = ended('pq: password authentication failed for user "coder"').slice(0, 2);
  const [found] = findings(postgresRefusesPassword, logged(lines));
  assert.equal(found?.evidence[0]?.at, "2026-11-22T07:59:30Z");
  assert.match(found?.cause ?? "", /signs in: pq: password authentication failed for user "coder"$/);
});

Deno.test("where the log is silent, the operator's condition says it, as what the operator finds", () => {
  const cases: readonly (readonly [string, string, typeof postgresTls])[] = [
    [
      "DatabaseRefused",
      'password authentication failed for user "coder" (SQLSTATE 28P01)',
      postgresRefusesPassword,
    ],
    ["DatabaseRefused", 'database "coder" does not exist (SQLSTATE 3D000)', postgresDatabaseMissing],
    ["DatabaseForbidden", "permission denied for table users (SQLSTATE 42501)", postgresDatabaseMissing],
    ["DatabaseUnreachable", "connect ECONNREFUSED 10.0.0.9:5432", postgresUnreachable],
    ["DatabaseTimeout", "no answer in 5 s", postgresUnreachable],
    ["DatabaseTLS", "the server does not speak TLS", postgresTls],
  ];
  for (const [reason, words, rule] of cases) {
    const [found] = findings(rule, told(reason, words));
    assert.match(
      found?.cause ?? "",
      /, as the operator finds since 2026-11-22T07:55:00Z: PostgreSQL at db:5432/,
      reason,
    );
    assert.deepEqual([found?.confidence, found?.evidence[0]?.source], [
      "likely",
      "condition OperatorAccess of control plane lab/coder",
    ]);
    assert.deepEqual(
      RULES.filter((one) => one !== rule && findings(one, told(reason, words)).length > 0),
      [],
      reason,
    );
  }
});

Deno.test("a token that was valid once does not hide that the database is away now", () => {
  const facts = told("NotConfirmed", "connect ECONNREFUSED 10.0.0.9:5432", "OperatorAccess", "True");
  assert.equal(causes(postgresUnreachable, facts).length, 1);
});

Deno.test("both say it: Coder's words come first, and the operator's beside them", () => {
  const words = 'password authentication failed for user "coder"';
  const facts = {
    ...logged(ended(`pq: ${words}`)),
    controlPlane: told("DatabaseRefused", words).controlPlane!,
  };
  const [found] = findings(postgresRefusesPassword, facts);
  assert.deepEqual(found?.evidence.map(({ source }) => source), [
    "log of pod lab/coder-0 (coder)",
    "condition OperatorAccess of control plane lab/coder",
  ]);
});

Deno.test("a Coder that runs and answers that its database is away is heard, of a workspace too", () => {
  const away = unread(
    "GET /api/v2/entitlements: Coder's database seems to be away: check PostgreSQL",
    "unreachable",
  );
  const facts = factsOf("controlplane", { entitlements: away });
  assert.match(
    causes(postgresUnreachable, facts)[0] ?? "",
    /^PostgreSQL, the database of control plane lab\/coder/,
  );
  const workspace = { ...factsOf("workspace"), build: away };
  assert.equal(causes(postgresUnreachable, workspace).length, 1);
});

Deno.test("words of a pod that is ready again, and lines about something else, are no trouble", () => {
  const lines = ended("dial tcp 10.96.14.2:5432: connect: connection refused");
  const over = { ...logged(lines), pods: seen([pod("coder-0")]) };
  const other = logged([
    "2026-11-22 07:59:30.651 [warn]  provisionerd: dial tcp 10.0.0.1:443: connection refused",
  ]);
  const gotOver = logged([
    ...lines.slice(0, 2),
    ...Array.from({ length: 20 }, (_, i) => `[info]  api: request ${i}`),
  ]);
  for (const facts of [over, other, gotOver]) {
    assert.deepEqual(RULES.flatMap((rule) => causes(rule, facts)), []);
  }
  assert.equal(troubleIn("the weather is fine"), undefined);
});

Deno.test("rules of the database are careful", () => {
  const facts = told("DatabaseUnreachable", "connect ECONNREFUSED 10.0.0.9:5432");
  for (const rule of RULES) assertCareful(rule, facts, "controlPlane");
});
