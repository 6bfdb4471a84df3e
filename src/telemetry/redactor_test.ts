import assert from "node:assert/strict";
import { isSecretName } from "./redaction_patterns.ts";
import { Redactor } from "./redactor.ts";

const CODER_TOKEN = "aB3dE6gH9j-0123456789abcdefGHIJKL";
const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl-_x";

Deno.test("a registered value goes wherever it stands, and comes back when it is forgotten", () => {
  const redactor = new Redactor();
  const forget = redactor.add("hunter2");
  assert.equal(redactor.text("user=admin hunter2, xhunter2x"), "user=admin [redacted], x[redacted]x");
  forget();
  assert.equal(redactor.text("hunter2"), "hunter2");
});

Deno.test("a value registered twice stays hidden until it is forgotten twice", () => {
  const redactor = new Redactor();
  const [first, second] = [redactor.add("hunter2"), redactor.add("hunter2")];
  first();
  first();
  assert.equal(redactor.text("hunter2"), "[redacted]");
  second();
  assert.equal(redactor.text("hunter2"), "hunter2");
});

Deno.test("whoever remembers clean texts hears that there is another value", () => {
  const redactor = new Redactor();
  const before = redactor.generation;
  const forget = redactor.add("hunter2");
  const after = redactor.generation;
  assert.notEqual(after, before);
  redactor.add("hunter2");
  forget();
  assert.equal(redactor.generation, after);
});

Deno.test("a registered value is found in base64, URL-encoded and JSON-escaped form", () => {
  const redactor = new Redactor();
  const secret = 'p"ä ss/word\\1';
  redactor.add(`${secret}\n`);
  for (
    const form of [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret),
      JSON.stringify({ a: secret }),
      new TextEncoder().encode(secret).toBase64(),
      new TextEncoder().encode(`${secret}\n`).toBase64(),
    ]
  ) {
    const shown = redactor.text(`before ${form} after`);
    assert.ok(!shown.includes("ss/word") && !shown.includes(form), shown);
    assert.match(shown, /^before .*\[redacted\].* after$/);
  }
});

Deno.test("every long line of a multi-line secret is hidden also on its own", () => {
  const redactor = new Redactor();
  redactor.add("first-line-of-the-secret\nsecond-line-of-the-secret\n}");
  assert.equal(redactor.text("got second-line-of-the-secret {}"), "got [redacted] {}");
});

Deno.test("a secret that contains another one goes as a whole", () => {
  const redactor = new Redactor();
  redactor.add("abcd");
  redactor.add("abcdefgh");
  assert.equal(redactor.text("abcdefgh abcd"), "[redacted] [redacted]");
});

Deno.test("values too short to be secrets are not registered, so that text stays readable", () => {
  const redactor = new Redactor();
  for (const value of ["", " ", "a", "abc", "\n\n\n\n\n"]) redactor.add(value);
  assert.equal(redactor.text("abc a"), "abc a");
});

Deno.test("values with characters that regular expressions know are matched literally", () => {
  const redactor = new Redactor();
  redactor.add("a.*(b)[c]+$^|{2}-/\\");
  assert.equal(redactor.text("xa.*(b)[c]+$^|{2}-/\\y axxx(b)"), "x[redacted]y axxx(b)");
});

const SHAPES: [name: string, text: string, shown: string][] = [
  ["a Coder token", `token ${CODER_TOKEN} used`, "token [redacted] used"],
  ["a JSON web token", `got ${JWT}.`, "got [redacted]."],
  ["a bearer header", "Authorization: Bearer abc.def~1", "Authorization: [redacted]"],
  ["a bearer token in a sentence", "sent bearer abcdef-1", "sent bearer [redacted]"],
  ["basic credentials", "Basic dXNlcjpwYXNz", "Basic [redacted]"],
  ["a session header", '"Coder-Session-Token": "x y"', '"Coder-Session-Token": "[redacted]"'],
  ["a cookie", "cookie: coder_session_token=abc; path=/", "cookie: [redacted]; path=/"],
  ["a URL password", "postgres://coder:pa:ss@db:5432/coder", "postgres://coder:[redacted]@db:5432/coder"],
  ["a URL password with odd characters", "postgres://u:p/a@s#s@db/c", "postgres://u:[redacted]@db/c"],
  ["a numeric URL password", "postgres://u:12345@db/c", "postgres://u:[redacted]@db/c"],
  ["a token as URL user", "https://0123456789abcdefghijkl@github.com", "https://[redacted]@github.com"],
  ["a key-value connection string", "host=db password='a b' user=u", "host=db password=[redacted] user=u"],
  ["a query parameter", "/api?session_token=abc&x=1", "/api?session_token=[redacted]&x=1"],
  ["an environment assignment", "CODER_SESSION_TOKEN=abc rest", "CODER_SESSION_TOKEN=[redacted] rest"],
  ["JSON inside text", 'body {"session_token":"a\\"b","x":1}', 'body {"session_token":"[redacted]","x":1}'],
  [
    "JSON escaped once more, with a quote in it",
    '{\\"token\\":\\"a\\\\\\"b\\",\\"x\\":1}',
    '{\\"token\\":\\"[redacted]\\",\\"x\\":1}',
  ],
  ["JSON escaped once more", '{\\"password\\":\\"abc\\"}', '{\\"password\\":\\"[redacted]\\"}'],
  ["a password with a colon", "password: hunter2", "password: [redacted]"],
  [
    "a private key",
    "x -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- y",
    "x [redacted] y",
  ],
  ["a private key cut short", "-----BEGIN PRIVATE KEY-----\nMIIabc", "[redacted]"],
  ["a GitHub token", "ghp_0123456789abcdefghij0123456789abcdef", "[redacted]"],
];
for (const [name, text, shown] of SHAPES) {
  Deno.test(`${name} is recognised by its shape`, () => assert.equal(new Redactor().text(text), shown));
}

const HARMLESS = [
  "pod coder-6d4b75cb6d-x2x7z is ready",
  "http://127.0.0.1:8080/path and https://coder.ns.svc:443/api/users/a@b.c",
  'secrets "coder-db" is forbidden: User cannot get resource "secrets"',
  "uid 0f8fad5b-d9cb-469f-a165-70867728950e",
  "image ghcr.io/coder/coder:v2.30.0@sha256:0123456789abcdef",
  "reconciled default/coder in 5 ms",
  "ssh://git@github.com/coder/coder",
];
for (const text of HARMLESS) {
  Deno.test(`ordinary text stays as it is: ${text}`, () => assert.equal(new Redactor().text(text), text));
}

Deno.test("names of fields that hold secrets are told from names that speak about them", () => {
  const secret = [
    "token",
    "sessionToken",
    "CODER_SESSION_TOKEN",
    "x-api-key",
    "pg_password",
    "Authorization",
    "set-cookie",
    "session",
    "sessionId",
    "privateKey",
    "provisioner_key",
    "CODER_PG_CONNECTION_URL",
    "passwordHash",
  ];
  const open = ["tokenSecretRef", "secretName", "tokenCount", "name", "key", "keyId", "namespace", "url", ""];
  assert.deepEqual(secret.filter((name) => !isSecretName(name)), []);
  assert.deepEqual(open.filter((name) => isSecretName(name)), []);
});

Deno.test("fields with secret names lose their text at any depth, but not numbers and flags", () => {
  const redactor = new Redactor();
  const shown = redactor.value({
    headers: { Authorization: "x", accept: "y" },
    credentials: { user: "u", list: ["a"], enabled: true },
    tokens: 3,
    secretName: "coder-db",
  });
  assert.deepEqual(JSON.parse(JSON.stringify(shown)), {
    headers: { Authorization: "[redacted]", accept: "y" },
    credentials: { user: "[redacted]", list: ["[redacted]"], enabled: true },
    tokens: 3,
    secretName: "coder-db",
  });
});

Deno.test("remembering field names does not grow without bound", () => {
  const redactor = new Redactor();
  for (let index = 0; index < 3_000; index++) redactor.isSecretName(`field-${index}`);
  assert.equal(redactor.isSecretName("field-2999"), false);
  assert.equal(redactor.isSecretName("other-token"), true);
});

Deno.test("hostile text takes time in proportion to its length", () => {
  const redactor = new Redactor();
  const parts = [
    "a",
    "eyJ-",
    "://a:",
    "token ",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN ",
    "sk-",
    "basic a",
  ];
  for (
    const part of [...parts, '"token":"', "=", "token=", "token='", 'token\\":\\"', "authorization:", "\\"]
  ) {
    const hostile = part.repeat(200_000 / part.length);
    const start = performance.now();
    redactor.text(hostile);
    const took = performance.now() - start;
    assert.ok(took < 20_000, `${JSON.stringify(part)} repeated took ${took.toFixed(0)} ms`);
  }
});

Deno.test("ids of sandbox sessions are told in logs, and no other session's", () => {
  const redactor = new Redactor();
  const shown = (fields: Record<string, unknown>) => ({ ...redactor.value(fields) as object });
  assert.deepEqual(shown({ session_id: "sess-abcdefgh23456722" }), { session_id: "sess-abcdefgh23456722" });
  assert.deepEqual(shown({ session_id: "abcdefghij-1234567890123456789012" }), { session_id: "[redacted]" });
  assert.deepEqual(shown({ session: "sess-abcdefgh23456722" }), { session: "[redacted]" });
  redactor.add("sess-abcdefgh23456722");
  assert.deepEqual(shown({ session_id: "sess-abcdefgh23456722" }), { session_id: "[redacted]" });
});
