/** Plants secrets wherever visits read them, has everybody quote them back, and looks for them in all that comes out. */
import assert from "node:assert/strict";
import { fakeLicense, type FaultAction } from "../../../tests/fake-coder/mod.ts";
import { type AccessRig, startAccessRig, TOKEN_SECRET } from "../../../tests/controlplane/access_rig.ts";
import { ALPHANUMERIC, below, pick, seededRandom, text } from "../../telemetry/testing/random.ts";
import { DatabaseError, type DatabaseErrorKind } from "../../coder/database/mod.ts";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { visitFailure } from "../../operator/visit/failure.ts";
import { visitSteps } from "./steps.ts";
import type { VisitStep } from "./visit.ts";

const SYMBOLS = `${ALPHANUMERIC}!"#$%&'*+,./:;<=>?@[]^_{|}~`;
const STATUSES = [200, 201, 302, 400, 401, 403, 404, 405, 409, 429, 500, 503];
const KINDS: DatabaseErrorKind[] = [
  "unreachable",
  "timeout",
  "tls",
  "refused",
  "forbidden",
  "schema",
  "failed",
];

/** What was planted in a round. */
interface Planted {
  databasePassword: string;
  databaseUrl: string;
  license: string;
  ownerPassword: string;
  bootstrapToken: string;
  operatorToken: string;
}

function plant(random: () => number): Planted {
  const databasePassword = text(random, 12 + below(random, 20), SYMBOLS);
  const token = () => `${text(random, 10, ALPHANUMERIC)}-${text(random, 22, ALPHANUMERIC)}`;
  return {
    databasePassword,
    databaseUrl: `postgres://coder:${
      encodeURIComponent(databasePassword)
    }@db.example:5432/coder?sslmode=disable`,
    license: random() < 0.7
      ? fakeLicense({ jti: text(random, 36, ALPHANUMERIC) })
      : text(random, 60, SYMBOLS),
    ownerPassword: text(random, 12 + below(random, 20), SYMBOLS),
    bootstrapToken: random() < 0.7 ? token() : text(random, 30, SYMBOLS),
    operatorToken: random() < 0.8 ? token() : text(random, 40, SYMBOLS),
  };
}

/** A sentence with secrets in it, in the ways in which programs quote. */
function quote(random: () => number, secrets: readonly string[]): string {
  const secret = pick(random, secrets);
  return pick(random, [
    `cannot use ${secret} here`,
    `${secret}`,
    JSON.stringify({ got: secret, also: [pick(random, secrets)] }),
    `value=${encodeURIComponent(secret)}`,
    `dump ${new TextEncoder().encode(secret).toBase64()} end`,
    `password: ${secret}`,
  ]);
}

/** What a hostile or merely talkative Coder does with a request; undefined: it behaves. */
function misbehave(random: () => number, words: string): FaultAction | undefined {
  if (random() < 0.45) return undefined;
  return pick<FaultAction>(random, [
    {
      do: "answer",
      foreign: random() < 0.3,
      reply: {
        status: pick(random, STATUSES),
        json: { message: words, detail: words, validations: [{ field: "x", detail: words }] },
        headers: { "Retry-After": "1" },
      },
    },
    {
      do: "answer",
      foreign: true,
      reply: {
        status: pick(random, [200, 502]),
        text: `<html><title>${words}</title></html>`,
        headers: { "Content-Type": "text/html" },
      },
    },
    { do: "body", body: words },
    {
      do: "body",
      body: JSON.stringify({ [words]: words, version: words, features: { [words]: 7 }, id: words }),
    },
    { do: "dropRequest" },
    { do: "loseAnswer" },
    { do: "truncate" },
  ]);
}

/** Hears all that is said, and knows which secrets the operator has read: nobody can quote another one back to it. */
class Witness {
  readonly shown: string[] = [];
  /** All that there are, and have been. */
  readonly secrets: Set<string>;
  /** Those that the operator has read or made. */
  readonly read = new Set<string>();

  constructor(readonly rig: AccessRig, planted: Planted) {
    this.secrets = new Set(Object.values(planted));
    const bySecret: Record<string, string[]> = {
      pg: [planted.databasePassword, planted.databaseUrl],
      boot: [planted.bootstrapToken],
      license: [planted.license],
      owner: [planted.ownerPassword],
    };
    const tools = rig.tools.bind(rig);
    rig.tools = () => {
      const made = tools();
      const get = async (...[type, key, options]: Parameters<KubeClient["get"]>) => {
        const object = await made.client.get(type, key, options);
        const stored = key.name === TOKEN_SECRET ? [rig.stored() ?? ""] : [];
        for (const secret of bySecret[key.name] ?? stored) this.read.add(secret);
        return object;
      };
      return { ...made, client: { ...made.client, get } as KubeClient };
    };
  }

  /** A visit; what its steps throw is treated as the controller does. */
  async visit(steps: readonly VisitStep[]): Promise<void> {
    await this.rig.visit(steps.map((step) => ({
      name: step.name,
      run: async (visit, tools) => {
        try {
          await step.run(visit, tools);
        } catch (error) {
          this.shown.push(JSON.stringify(visitFailure(error, tools.redact)));
          visit.log.warn("a step of a visit failed", { step: step.name, error });
        }
        this.shown.push(JSON.stringify(visit.report.data()), visit.version ?? "");
      },
    })));
    this.look();
  }

  look(): void {
    for (const { id, secret } of this.rig.fake.state.keys.values()) this.secrets.add(`${id}-${secret}`);
  }

  /** Words of somebody who knows what the operator knows. */
  words(random: () => number): string {
    return this.read.size === 0 ? "nothing" : quote(random, [...this.read]);
  }

  async check(what: string): Promise<void> {
    const { rig, shown } = this;
    const page = await rig.metrics.text();
    const all = [...rig.lines, ...rig.events, ...shown, JSON.stringify(rig.status), page].join("\n");
    for (const secret of this.secrets) {
      const escaped = JSON.stringify(secret).slice(1, -1);
      const forms = new Set([
        secret,
        escaped,
        JSON.stringify(escaped).slice(1, -1),
        encodeURIComponent(secret),
        new TextEncoder().encode(secret).toBase64(),
      ]);
      for (const form of forms) {
        const at = all.indexOf(form);
        assert.ok(
          at < 0,
          `${what}: a secret is shown in\n${all.slice(Math.max(0, at - 400), at + form.length + 50)}`,
        );
      }
    }
  }
}

for (let seed = 1; seed <= 15; seed++) {
  Deno.test(`no line, event, condition, status, metric or error holds a planted secret (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 3; round++) {
      const planted = plant(random);
      const inSecret = random() < 0.7;
      await using rig = await startAccessRig({
        random,
        spec: {
          extraEnv: [
            inSecret
              ? { name: "CODER_PG_CONNECTION_URL", valueFrom: { secretKeyRef: { name: "pg", key: "url" } } }
              : { name: "CODER_PG_CONNECTION_URL", value: planted.databaseUrl },
          ],
          operatorAccess: random() < 0.3 ? { bootstrapTokenSecretRef: { name: "boot" } } : {},
          licenseSecretRef: { name: "license" },
          firstUser: { secretName: "owner" },
        },
      });
      rig.put("Secret", "pg", { url: planted.databaseUrl });
      rig.put("Secret", "boot", { token: planted.bootstrapToken });
      rig.put("Secret", "license", { license: planted.license });
      rig.put("Secret", "owner", {
        username: "ada",
        email: "a@example.com",
        password: planted.ownerPassword,
      });
      if (random() < 0.6) rig.tokenSecret(planted.operatorToken);
      const witness = new Witness(rig, planted);
      const steps = visitSteps();
      // At times one visit in peace, so that all is read and made.
      if (random() < 0.5) await witness.visit(steps);
      rig.fake.faults.take = () => misbehave(random, witness.words(random));
      for (let i = 0; i < 10; i++) {
        const words = witness.words(random);
        rig.database.fails = random() < 0.6
          ? undefined
          : pick<Error>(random, [new DatabaseError(words, pick(random, KINDS)), new Error(words)]);
        rig.pods = `${random()}`;
        await witness.visit(steps);
        rig.advance(below(random, 600_000));
        if (random() < 0.2) {
          rig.secretsRefuse = new KubeApiError(500, "", words, { method: "GET", path: "/" });
        } else rig.secretsRefuse = undefined;
      }
      for (const step of steps) {
        await witness.visit([{
          name: step.name,
          run: async (visit, tools) => await step.end?.(visit, tools),
        }]);
      }
      await witness.check(`seed ${seed}, round ${round}`);
      // What a hostile Coder does to requests may break its own rules; ours are checked elsewhere.
      rig.fake.faults.take = () => undefined;
    }
  });
}

Deno.test("the search would find a secret", async () => {
  await using rig = await startAccessRig();
  const planted = plant(seededRandom(1));
  const witness = new Witness(rig, planted);
  await witness.check("nothing was shown");
  witness.shown.push(`so: ${JSON.stringify(planted.ownerPassword)}`);
  await assert.rejects(witness.check("something was shown"), /a secret is shown/);
});
