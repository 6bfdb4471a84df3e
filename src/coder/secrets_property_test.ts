/** Plants secrets wherever a call has one, makes everything go wrong, and looks for them in all that comes out. */
import assert from "node:assert/strict";
import { PrometheusMetrics } from "../telemetry/prometheus.ts";
import { ALPHANUMERIC, below, pick, seededRandom, text } from "../telemetry/testing/random.ts";
import { createCoderClient } from "./client.ts";
import { CoderError } from "./errors.ts";
import type { CoderTransport, TransportAnswer, TransportRequest } from "./transport.ts";

const SYMBOLS = `${ALPHANUMERIC}!"#$%&'*+,./:;<=>?@[]^_{|}~`;

/** What a hostile, broken or merely talkative server may send: the request's own secrets in every place there is. */
function nastyAnswer(
  random: () => number,
  secrets: readonly string[],
  request: TransportRequest,
): TransportAnswer {
  const secret = pick(random, secrets);
  const status = pick(random, [
    200,
    201,
    204,
    302,
    307,
    400,
    401,
    403,
    404,
    405,
    409,
    410,
    418,
    428,
    429,
    500,
    503,
  ]);
  const words = pick(random, [
    secret,
    `bad ${secret}!`,
    `${secret}${secret}`,
    JSON.stringify(secret),
    encodeURIComponent(secret),
  ]);
  const bodies = [
    words,
    `<html><head><title>${words}</title></head>${words}</html>`,
    JSON.stringify({ message: words, detail: words, validations: [{ field: words, detail: words }] }),
    JSON.stringify({
      key: 7,
      [secret]: secret,
      session_token: [secret],
      users: [{ id: secret }],
      proxy_token: secret,
    }),
    JSON.stringify([secret, { id: secret, [secret]: 1 }]),
    JSON.stringify({
      features: { [secret]: { entitlement: 7 } },
      has_license: secret,
      echoed: request.headers,
    }),
    `{"message":"${words}`,
    JSON.stringify(secret),
    "",
  ];
  return {
    status,
    headers: {
      "content-type": pick(random, ["application/json", "text/html", "text/plain", ""]),
      ...(random() < 0.6 ? { "x-coder-build-version": "v2.30.0" } : {}),
      ...(random() < 0.5 ? { location: `https://${secret}@h.example/${secret}?token=${secret}` } : {}),
      ...(random() < 0.3 ? { "retry-after": secret } : {}),
    },
    body: pick(random, bodies),
  };
}

/** Everything of an error that could be shown to anybody. */
function everythingOf(error: unknown): string {
  const seen = [Deno.inspect(error, { depth: 20, iterableLimit: 1_000, strAbbreviateSize: 1_000_000 })];
  for (let one = error; one instanceof Error; one = one.cause) {
    seen.push(one.name, one.message, one.stack ?? "", JSON.stringify(one));
  }
  return seen.join("\n");
}

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`no error and no metric holds a planted secret (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 25; round++) {
      const token = random() < 0.5
        ? `${text(random, 10, ALPHANUMERIC)}-${text(random, 22, ALPHANUMERIC)}`
        : text(random, 12 + below(random, 40), SYMBOLS);
      const password = text(random, 12 + below(random, 20), SYMBOLS);
      const license = `${text(random, 20, ALPHANUMERIC)}.${text(random, 60, ALPHANUMERIC)}.${
        text(random, 20, ALPHANUMERIC)
      }`;
      const transport: CoderTransport = {
        address: "http://coder.test",
        send: (request) => {
          const carried = [request.headers["Coder-Session-Token"], secretOf(request, password, license)]
            .filter((one): one is string => one !== undefined);
          if (random() < 0.15) return Promise.reject(new Error(`could not send ${JSON.stringify(request)}`));
          return Promise.resolve(
            nastyAnswer(random, carried.length === 0 ? ["harmless-words"] : carried, request),
          );
        },
        close() {},
      };
      const metrics = new PrometheusMetrics();
      const client = createCoderClient({ transport, token, metrics });
      const face = { name: "a", displayName: "A", icon: "" };
      const calls: (() => Promise<unknown>)[] = [
        () => client.users.me(),
        () => client.users.find("bob"),
        () => client.users.list({ q: "x" }),
        () => client.users.createFirst({ email: "a@b.cd", username: "a", password }),
        () => client.users.login({ email: "a@b.cd", password }),
        () => client.tokens.create("me", { name: "a" }),
        () => client.tokens.list("me"),
        () => client.tokens.delete("me", "abcdefghij"),
        () => client.licenses.add(license),
        () => client.licenses.entitlements(),
        () => client.provisioners.createKey("default", { name: "a" }),
        () => client.workspaceProxies.create(face),
        () => client.workspaces.list(),
        () => client.deployment.config(),
        () => client.system.isAlive(),
      ];
      for (const call of calls) {
        let shown = "";
        try {
          await call();
        } catch (error) {
          assert.ok(error instanceof CoderError, `not one of ours: ${Deno.inspect(error)}`);
          shown = everythingOf(error);
        }
        for (const secret of [token, password, license]) {
          for (
            const form of [
              secret,
              encodeURIComponent(secret),
              JSON.stringify(secret).slice(1, -1),
              btoa(secret),
            ]
          ) {
            assert.ok(!shown.includes(form), `seed ${seed}: a secret is in\n${shown}`);
          }
        }
      }
      const page = await metrics.text();
      for (const secret of [token, password, license]) assert.ok(!page.includes(secret));
    }
  });
}

function secretOf(request: TransportRequest, password: string, license: string): string | undefined {
  const body = typeof request.body !== "string"
    ? undefined
    : JSON.parse(request.body) as Record<string, unknown>;
  if (body?.["password"] === password) return password;
  return body?.["license"] === license ? license : undefined;
}
