import assert from "node:assert/strict";
import { createLogger, type LogFormat, type LogLevel } from "./log.ts";
import { Redactor } from "./redactor.ts";
import { ALPHANUMERIC, below, pick, seededRandom, text } from "./testing/random.ts";

function recording(options: { level?: LogLevel; format?: LogFormat; redactor?: Redactor } = {}) {
  const lines: string[] = [];
  const log = createLogger({ ...options, write: (line) => lines.push(line), now: () => 1_750_000_000_123 });
  return { log, lines };
}

Deno.test("a line is one JSON object with time, level, message and the fields", () => {
  const { log, lines } = recording();
  log.warn("is slow", { ms: 5, name: "a\nb" });
  assert.deepEqual(lines.length, 1);
  assert.ok(lines[0]!.endsWith("}\n") && lines[0]!.indexOf("\n") === lines[0]!.length - 1);
  assert.deepEqual(JSON.parse(lines[0]!), {
    ts: "2025-06-15T15:06:40.123Z",
    level: "warn",
    msg: "is slow",
    ms: 5,
    name: "a\nb",
  });
});

Deno.test("lines below the level are not written", () => {
  for (const [level, expected] of [["debug", 4], ["info", 3], ["warn", 2], ["error", 1]] as const) {
    const { log, lines } = recording({ level });
    for (const at of ["debug", "info", "warn", "error"] as const) log[at]("x");
    assert.equal(lines.length, expected, level);
  }
});

Deno.test("a child carries its parents' fields, and the nearest one wins", () => {
  const { log, lines } = recording();
  log.child({ a: 1, b: 1 }).child({ b: 2, c: 2 }).info("x", { c: 3 });
  const { a, b, c } = JSON.parse(lines[0]!);
  assert.deepEqual({ a, b, c }, { a: 1, b: 2, c: 3 });
});

Deno.test("fields cannot overwrite time, level and message", () => {
  const { log, lines } = recording();
  log.info("real", { ts: "forged", level: "forged", msg: "forged" });
  const line = JSON.parse(lines[0]!);
  assert.equal(line.msg, "real");
  assert.equal(line.level, "info");
  assert.deepEqual([line.ts_, line.level_, line.msg_], ["forged", "forged", "forged"]);
});

Deno.test("stacks are written at the debug level alone", () => {
  for (const [level, has] of [["debug", true], ["info", false]] as const) {
    const { log, lines } = recording({ level });
    log.error("failed", { error: new Error("x", { cause: new Error("y") }) });
    const { error } = JSON.parse(lines[0]!);
    assert.equal("stack" in error, has);
    assert.equal("stack" in error.cause, has);
    assert.equal(error.cause.message, "y");
  }
});

Deno.test("text lines read well and braces in messages are not templates", () => {
  const { log, lines } = recording({ format: "text" });
  log.info("applied {kind}", { kind: "Deployment", why: "spec changed", count: 2 });
  assert.equal(
    lines[0],
    '2025-06-15T15:06:40.123Z INF applied {kind} kind=Deployment why="spec changed" count=2\n',
  );
});

for (const format of ["json", "text"] as const) {
  Deno.test(`foreign text cannot forge a second ${format} line or send terminal codes`, () => {
    const { log, lines } = recording({ format });
    const hostile = "a\r\n2025 INF forged \x1b[31m\x9b2J\u2028b";
    log.info(hostile, { [hostile]: hostile });
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /^[^\p{Cc}\u2028\u2029]+\n$/u);
  });
}

Deno.test("two loggers do not disturb each other", () => {
  const [first, second] = [recording({ level: "error" }), recording({ format: "text", level: "debug" })];
  first.log.info("a");
  second.log.debug("b");
  first.log.error("c");
  assert.deepEqual([first.lines.length, second.lines.length], [1, 1]);
});

Deno.test("by default lines go to standard error, whole, and a closed one does no harm", () => {
  const written: Uint8Array[] = [];
  const original = Deno.stderr.writeSync;
  try {
    // A pipe may take a part only.
    Deno.stderr.writeSync = (bytes) => {
      written.push(bytes.slice(0, 7));
      return Math.min(7, bytes.length);
    };
    createLogger().info("a message longer than what is taken at once");
    Deno.stderr.writeSync = () => {
      throw new Deno.errors.BrokenPipe("closed");
    };
    createLogger().info("into the void");
  } finally {
    Deno.stderr.writeSync = original;
  }
  const text = written.map((bytes) => new TextDecoder().decode(bytes)).join("");
  assert.equal(JSON.parse(text).msg, "a message longer than what is taken at once");
});

Deno.test("planted secrets never come out, wherever they are planted", () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = seededRandom(seed);
    const redactor = new Redactor();
    const { log, lines } = recording({ redactor, format: pick(random, ["json", "text"]), level: "debug" });
    const secret = plantable(random, redactor);
    const field = pick(random, ["value", "url", "error", "items", "nested"]);
    log.child(random() < 0.3 ? { bound: secret.shown } : {}).info(
      random() < 0.5 ? `about ${secret.shown} end` : "plain",
      { [field]: wrapped(random, secret.shown, 0) },
    );
    for (const line of lines) {
      assert.ok(!line.includes(secret.core), `seed ${seed}: ${secret.core} came out in ${line}`);
    }
  }
});

/** A secret, registered or of a known shape, and the text that it stands in. */
function plantable(random: () => number, redactor: Redactor): { core: string; shown: string } {
  const word = (length: number) => text(random, length, ALPHANUMERIC);
  switch (below(random, 6)) {
    case 0: {
      const core = text(random, 8 + below(random, 20), `${ALPHANUMERIC}+/=-_!$%^&*().,;`);
      redactor.add(core);
      return { core, shown: pick(random, [core, `x${core}y`, encodeURIComponent(core)]) };
    }
    case 1: {
      const core = `${word(10)}-${word(22)}`;
      return { core, shown: core };
    }
    case 2: {
      const core = `eyJ${word(20)}.${word(30)}.${word(20)}`;
      return { core, shown: core };
    }
    case 3: {
      const core = word(16);
      return { core, shown: `Bearer ${core}` };
    }
    case 4: {
      const core = text(random, 12, `${ALPHANUMERIC}:/!`);
      return { core, shown: `postgres://coder:a${core}@db:5432/coder` };
    }
    default: {
      const core = word(14);
      return { core, shown: `{"password":"${core}"}` };
    }
  }
}

/** Hides a value in data as rooms log it. */
function wrapped(random: () => number, value: unknown, depth: number): unknown {
  const inner = depth < 4 && random() < 0.6 ? wrapped(random, value, depth + 1) : value;
  switch (below(random, 7)) {
    case 0:
      return new Error(`failed with ${typeof inner === "string" ? inner : JSON.stringify(inner)}`);
    case 1:
      return new Error("outer", { cause: inner });
    case 2:
      return [1, inner];
    case 3:
      return new Map([["key", inner]]);
    case 4:
      return { ["in a key"]: inner, [`${value}`]: 1 };
    case 5:
      return new AggregateError([inner], "several");
    default:
      return { toJSON: () => inner };
  }
}
