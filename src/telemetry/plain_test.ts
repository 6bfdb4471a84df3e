import assert from "node:assert/strict";
import { plain, type PlainOptions } from "./plain.ts";

const OPEN: PlainOptions = { stacks: false, text: (text) => text, isSecretName: () => false };

/** As it would be written: without prototypes and `undefined`. */
function shown(value: unknown, options: Partial<PlainOptions> = {}): unknown {
  const text = JSON.stringify(plain(value, { ...OPEN, ...options }));
  return text === undefined ? undefined : JSON.parse(text);
}

Deno.test("JSON values stay what they are", () => {
  const value = { a: 1, b: "x", c: true, d: null, e: [1, "2", [false]], f: {} };
  assert.deepEqual(shown(value), value);
});

Deno.test("values that JSON does not know are shown in words", () => {
  const value = {
    big: 12n,
    nan: NaN,
    infinite: -Infinity,
    date: new Date(0),
    wrongDate: new Date(NaN),
    url: new URL("http://x/y"),
    bytes: new Uint8Array(3),
    buffer: new ArrayBuffer(4),
    map: new Map([["k", 1]]),
    set: new Set([1, undefined]),
    headers: new Headers({ a: "b" }),
    call: () => 1,
    symbol: Symbol("s"),
    missing: undefined,
    json: { toJSON: () => "as JSON" },
  };
  assert.deepEqual(shown(value), {
    big: "12",
    nan: "NaN",
    infinite: "-Infinity",
    date: "1970-01-01T00:00:00.000Z",
    wrongDate: "[invalid date]",
    url: "http://x/y",
    bytes: "[3 bytes]",
    buffer: "[4 bytes]",
    map: { k: 1 },
    set: [1, null],
    headers: { a: "b" },
    call: "[function]",
    symbol: "[symbol]",
    json: "as JSON",
  });
  assert.equal(shown(undefined), undefined);
});

Deno.test("an error shows name, message, its simple properties and its chain of causes", () => {
  class HttpError extends Error {
    override readonly name = "HttpError";
    readonly response = { large: true };
    constructor(message: string, readonly code: number, options: ErrorOptions) {
      super(message, options);
    }
  }
  const error = new HttpError("refused", 403, { cause: new TypeError("inner", { cause: "why" }) });
  assert.deepEqual(shown({ error }), {
    error: {
      name: "HttpError",
      message: "refused",
      code: 403,
      cause: { name: "TypeError", message: "inner", cause: "why" },
    },
  });
});

Deno.test("stacks are shown only where asked for", () => {
  const error = new Error("x");
  assert.equal("stack" in (shown(error) as object), false);
  const withStack = shown(error, { stacks: true }) as { stack: string };
  assert.match(withStack.stack, /plain_test\.ts/);
});

Deno.test("an aggregate error shows its errors", () => {
  const error = new AggregateError([new Error("a"), new Error("b")], "both");
  assert.deepEqual(shown(error), {
    name: "AggregateError",
    message: "both",
    errors: [{ name: "Error", message: "a" }, { name: "Error", message: "b" }],
  });
});

Deno.test("cycles, also through causes, end", () => {
  const value: Record<string, unknown> = { a: {} };
  (value["a"] as Record<string, unknown>)["back"] = value;
  assert.deepEqual(shown(value), { a: { back: "[circular]" } });
  const error = new Error("x");
  error.cause = error;
  assert.deepEqual(shown(error), { name: "Error", message: "x", cause: "[circular]" });
});

Deno.test("the same object twice, side by side, is not a cycle", () => {
  const part = { x: 1 };
  assert.deepEqual(shown({ a: part, b: part }), { a: { x: 1 }, b: { x: 1 } });
});

Deno.test("nesting, lists, objects and strings are cut at their bounds", () => {
  let deep: unknown = "bottom";
  for (let level = 0; level < 20; level++) deep = { deep };
  assert.match(JSON.stringify(shown(deep)), /too deep/);

  const list = shown(Array.from({ length: 150 }, (_, index) => index)) as unknown[];
  assert.equal(list.length, 101);
  assert.equal(list[100], "[50 more]");

  const wide = shown(Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`k${index}`, index])));
  assert.equal((wide as Record<string, unknown>)["…"], "50 more");
  const headers = new Headers(
    Array.from({ length: 150 }, (_, index): [string, string] => [`k${index}`, "v"]),
  );
  assert.equal((shown(headers) as Record<string, unknown>)["…"], "more");

  const long = shown("x".repeat(20_000)) as string;
  assert.ok(long.endsWith("[3616 more characters]"), long.slice(-40));
});

Deno.test("what throws when it is read is called unreadable and its message is not shown", () => {
  const hostile = {
    get a(): string {
      throw new Error("the secret");
    },
  };
  assert.deepEqual(shown({ hostile, fine: 1 }), { hostile: "[unreadable]", fine: 1 });
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assert.equal(shown(proxy), "[unreadable]");
});

Deno.test("a field called __proto__ is a field like any other", () => {
  const value = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}');
  const copy = plain(value, OPEN) as Record<string, unknown>;
  assert.deepEqual(Object.keys(copy), ["__proto__", "a"]);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});

Deno.test("keys, numbers and error names pass the text filter too", () => {
  const text = (given: string) => given.replaceAll("1234", "[redacted]");
  assert.deepEqual(
    shown({ k1234: 1, number: 51_234, big: 1234n, error: Object.assign(new Error(), { pin: 1234 }) }, {
      text,
    }),
    {
      "k[redacted]": 1,
      number: "[redacted]",
      big: "[redacted]",
      error: { name: "Error", message: "", pin: "[redacted]" },
    },
  );
});
