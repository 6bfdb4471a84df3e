import assert from "node:assert/strict";
import { readOtlpSettings } from "./otlp_settings.ts";

const process = { serviceName: "coder-k8s-worker", serviceVersion: "1.2.3" };
const read = (env: Record<string, string>) => readOtlpSettings((name) => env[name], process);

Deno.test("traces are off unless an endpoint is set", () => {
  assert.equal(read({}), undefined);
  assert.equal(read({ OTEL_EXPORTER_OTLP_ENDPOINT: " ", OTEL_SERVICE_NAME: "x" }), undefined);
  const on = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" };
  assert.equal(read({ ...on, OTEL_SDK_DISABLED: "TRUE" }), undefined);
  assert.equal(read({ ...on, OTEL_TRACES_EXPORTER: "none" }), undefined);
  assert.deepEqual(read(on), {
    url: "http://c:4318/v1/traces",
    headers: {},
    timeoutMs: 10_000,
    ratio: 1,
    isParentBased: true,
    resource: { "service.name": "coder-k8s-worker", "service.version": "1.2.3" },
  });
});

Deno.test("what is for traces alone comes first, and its address is used as it is", () => {
  const settings = read({
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318/base/",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://t.example/in?x=1",
    OTEL_EXPORTER_OTLP_HEADERS: "a=b",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "authorization=Bearer%20abc, x-team = blue ",
    OTEL_EXPORTER_OTLP_TIMEOUT: "500",
    OTEL_SERVICE_NAME: "mine",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=other,deployment.environment=te%2Cst",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.25",
  })!;
  assert.equal(settings.url, "https://t.example/in?x=1");
  assert.deepEqual(settings.headers, { authorization: "Bearer abc", "x-team": "blue" });
  assert.equal(settings.timeoutMs, 500);
  assert.equal(settings.ratio, 0.25);
  assert.equal(settings.resource["service.name"], "mine");
  assert.equal(settings.resource["deployment.environment"], "te,st");
  assert.equal(
    read({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318/base/" })!.url,
    "http://c:4318/base/v1/traces",
  );
  assert.equal(
    read({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_TRACES_SAMPLER: "parentbased_always_off" })!.ratio,
    0,
  );
});

Deno.test("what cannot be is named by its variable, and its value is not told", () => {
  const on = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" };
  const cases: [Record<string, string>, RegExp][] = [
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "secret" }, /^OTEL_EXPORTER_OTLP_ENDPOINT must be an address/],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "ftp://secret" }, /^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must/],
    [{ ...on, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, /OTEL_EXPORTER_OTLP_PROTOCOL is grpc.*4318/],
    [{ ...on, OTEL_EXPORTER_OTLP_HEADERS: "secret" }, /^OTEL_EXPORTER_OTLP_HEADERS must be key=value/],
    [{ ...on, OTEL_EXPORTER_OTLP_HEADERS: "a=%zzsecret" }, /^OTEL_EXPORTER_OTLP_HEADERS must be key=value/],
    [{ ...on, OTEL_EXPORTER_OTLP_TIMEOUT: "soon" }, /^OTEL_EXPORTER_OTLP_TIMEOUT must be a number/],
    [{ ...on, OTEL_EXPORTER_OTLP_TIMEOUT: "0" }, /^OTEL_EXPORTER_OTLP_TIMEOUT must be a number from 1/],
    [{ ...on, OTEL_EXPORTER_OTLP_HEADERS: "a b=secret" }, /^OTEL_EXPORTER_OTLP_HEADERS has a name/],
    [{ ...on, OTEL_EXPORTER_OTLP_HEADERS: "a=secret%0A1" }, /^OTEL_EXPORTER_OTLP_HEADERS has a name/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://me:secret@c" }, /must not have a user or a password/],
    [{ ...on, OTEL_TRACES_SAMPLER: "jaeger" }, /^OTEL_TRACES_SAMPLER is jaeger/],
    [
      { ...on, OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "2" },
      /SAMPLER_ARG must/,
    ],
  ];
  for (const [env, words] of cases) {
    assert.throws(
      () => read(env),
      (error: Error) => words.test(error.message) && !error.message.includes("secret"),
    );
  }
  assert.ok(read({ ...on, OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" }));
});

Deno.test("samplers are those of the standard", () => {
  const of = (sampler: string, argument?: string) => {
    const { ratio, isParentBased } = read({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://c",
      OTEL_TRACES_SAMPLER: sampler,
      ...(argument === undefined ? {} : { OTEL_TRACES_SAMPLER_ARG: argument }),
    })!;
    return [ratio, isParentBased];
  };
  assert.deepEqual(of("always_on", "0.5"), [1, false]);
  assert.deepEqual(of("always_off"), [0, false]);
  assert.deepEqual(of("traceidratio", "0.5"), [0.5, false]);
  assert.deepEqual(of("traceidratio"), [1, false]);
  assert.deepEqual(of("parentbased_always_on"), [1, true]);
  assert.deepEqual(of("parentbased_always_off"), [0, true]);
  assert.deepEqual(of("parentbased_traceidratio", "0"), [0, true]);
});
