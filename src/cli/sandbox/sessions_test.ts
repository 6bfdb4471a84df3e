import assert from "node:assert/strict";
import { parse } from "yaml";
import { parseArguments } from "../arguments.ts";
import { flagSpecs } from "./load.ts";
import { sessionsCommand } from "./sessions.ts";
import { SESSIONS } from "./small_options.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const at = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();

const session = {
  id: "sess-aaaaaaaaaaaaaaaa",
  name: "default",
  owner: "ann",
  state: "ready",
  reason: "",
  worker: "worker-1",
  isolation: "full",
  labels: { team: "x" },
  createdAt: at(-65),
  lastUsedAt: at(-5),
  expiresAt: at(1_795),
};
const worker = {
  id: "worker-1",
  state: "connected",
  version: "0.1.0",
  isolation: "full",
  labels: {},
  capacity: 16,
  sessions: 2,
  runningTasks: 1,
  processes: 3,
  memoryBytes: 1_610_612_736,
  freeDiskBytes: 53_687_091_200,
  lastHeardAt: at(-12),
};
const ANSWER = {
  sessions: [
    session,
    {
      ...session,
      id: "sess-bbbbbbbbbbbbbbbb",
      name: "build",
      owner: "bob",
      state: "failed",
      worker: "",
      createdAt: at(-7_300),
      expiresAt: at(-9),
    },
  ],
  workers: [worker],
};

interface Given {
  readonly answer?: unknown;
  readonly status?: number;
  readonly files?: Record<string, string>;
  readonly environment?: Record<string, string>;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

async function run(
  args: readonly string[],
  { answer = ANSWER, status = 200, files = {}, environment = {}, fetch }: Given = {},
) {
  let out = "";
  let err = "";
  const asked: { url: string; authorization: string | null }[] = [];
  const parsed = parseArguments(args, flagSpecs(SESSIONS));
  const code = await sessionsCommand(parsed, {
    environment,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    readTextFile: (path) => {
      const text = files[path];
      return text === undefined ? Promise.reject(new Error("No such file")) : Promise.resolve(text);
    },
    fetch: fetch ?? ((url, init) => {
      asked.push({ url, authorization: new Headers(init.headers).get("authorization") });
      const body = typeof answer === "string" ? answer : JSON.stringify(answer);
      return Promise.resolve(new Response(status === 204 ? null : body, { status }));
    }),
    now: () => NOW,
  });
  return { code, out, err, asked };
}

Deno.test("sessions are listed as kubectl lists", async () => {
  const { code, out, err, asked } = await run(["list"]);
  assert.deepEqual([code, err], [0, ""]);
  assert.equal(
    out,
    "NAME      SESSION                 OWNER   STATE    WORKER     ISOLATION   AGE    EXPIRES\n" +
      "default   sess-aaaaaaaaaaaaaaaa   ann     ready    worker-1   full        65s    29m\n" +
      "build     sess-bbbbbbbbbbbbbbbb   bob     failed   <none>     full        121m   -\n",
  );
  assert.deepEqual(asked, [{ url: "http://127.0.0.1:8080/debug/sessions", authorization: null }]);
  assert.equal((await run([])).out, out, "list is what is shown without a word");
});

Deno.test("workers are listed with what they carry", async () => {
  const { out } = await run(["workers"]);
  assert.equal(
    out,
    "WORKER     STATE       SESSIONS   TASKS   PROCESSES   MEMORY   DISK FREE   ISOLATION   VERSION   HEARD\n" +
      "worker-1   connected   2/16       1       3           1.5Gi    50Gi        full        0.1.0     12s\n",
  );
});

Deno.test("where there is none it says so, and programs get an empty list", async () => {
  const nothing = { answer: { sessions: [], workers: [] } };
  assert.equal((await run(["list"], nothing)).out, "No sessions.\n");
  assert.equal((await run(["workers"], nothing)).out, "No workers.\n");
  assert.equal((await run(["list", "-o", "json"], nothing)).out, "[]\n");
});

Deno.test("one is shown by its id or its name, as a table, as JSON and as YAML", async () => {
  for (const ref of [session.id, "default"]) {
    assert.match((await run(["get", ref])).out, /^NAME .*\ndefault .*\n$/);
    assert.deepEqual(JSON.parse((await run(["get", ref, "-o", "json"])).out), session);
    assert.deepEqual(parse((await run(["get", ref, "--output=yaml"])).out), session);
  }
  const { code, out, err } = await run(["get", "defautl"]);
  assert.deepEqual([code, out], [1, ""]);
  assert.match(err, /http:\/\/127\.0\.0\.1:8080 has no session "defautl"; did you mean default\?/);
  const twice = {
    answer: { ...ANSWER, sessions: ANSWER.sessions.map((one) => ({ ...one, name: "default" })) },
  };
  assert.match(
    (await run(["get", "default"], twice)).err,
    /2 sessions are named "default": sess-a+ \(ann\), sess-b+ \(bob\); give an id/,
  );
});

Deno.test("the address, with or without the endpoint, and the token come from flags or the environment", async () => {
  const files = { "/t": "token-of-ann\n" };
  const { asked } = await run(["list", "--url=https://c.example.com/mcp", "--token-file=/t"], { files });
  assert.deepEqual(asked, [{
    url: "https://c.example.com/debug/sessions",
    authorization: "Bearer token-of-ann",
  }]);
  const environment = {
    CODER_K8S_SESSIONS_URL: "https://d.example.com/",
    CODER_K8S_SESSIONS_TOKEN_FILE: "/t",
  };
  const other = await run(["list", "--debug"], { files, environment });
  assert.deepEqual(other.asked, [{
    url: "https://d.example.com/debug/sessions",
    authorization: "Bearer token-of-ann",
  }]);
  assert.match(other.err, /^coder-k8s: GET https:\/\/d\.example\.com\/debug\/sessions: 200 after 0 ms\n$/);
  for (const text of ["", "two words", "a\nb"]) {
    const { code, err, asked } = await run(["list", "--token-file=/t"], { files: { "/t": text } });
    assert.deepEqual([code, asked.length], [1, 0]);
    assert.match(err, /must hold one token and nothing else/);
  }
  assert.match(
    (await run(["list", "--token-file=/x"])).err,
    /--token-file: \/x cannot be read: No such file/,
  );
  assert.match((await run(["list", "--ca-file=/x"])).err, /--ca-file: \/x cannot be read: No such file/);
});

Deno.test("what is not understood is named", async () => {
  const cases: readonly [string[], RegExp][] = [
    [["lst"], /lst: write list, get or workers; did you mean list\?/],
    [["get"], /sessions get: needs a session's id, or its name/],
    [["get", "a", "b"], /b: stray argument after get/],
    [["list", "a"], /a: stray argument after list/],
    [["list", "-o", "xml"], /--output: must be table, json or yaml/],
    [["list", "--url=x"], /--url: must be a URL/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err, asked } = await run(args);
    assert.deepEqual([code, out, asked.length], [2, "", 0], args.join(" "));
    assert.match(err, message);
    assert.match(err, /coder-k8s help sessions/);
  }
});

Deno.test("refusals are told in the coordinator's own words, with what to do", async () => {
  const cases: readonly [number, unknown, RegExp][] = [
    [401, { error: { message: "who are you?" } }, /answers 401: who are you\?; give --token-file/],
    [
      403,
      { error: "ann may not see everybody's sessions" },
      /answers 403: ann may not see everybody's sessions\n/,
    ],
    [404, "<html>\u001b[31m", /answers 404: <html> \[31m; is --url a coordinator's\?/],
    [302, "", /answers 302; it sends elsewhere/],
    [500, { message: "x".repeat(1_000) }, /answers 500: x{300}\n/],
    [200, "<html>", /answers, and not as a coordinator does/],
    [200, { sessions: [{ id: 1 }], workers: [] }, /answers, and not as a coordinator does/],
  ];
  for (const [status, answer, message] of cases) {
    const { code, out, err } = await run(["list"], { status, answer });
    assert.deepEqual([code, out], [1, ""], String(status));
    assert.match(err, message);
  }
});

Deno.test("a coordinator that is away or silent is said to be", async () => {
  const away = await run(["list"], {
    fetch: () => Promise.reject(new TypeError("fetch failed", { cause: new Error("connection refused") })),
  });
  assert.deepEqual([away.code, away.out], [1, ""]);
  assert.match(away.err, /cannot be reached: fetch failed: connection refused\. Is the coordinator running/);
  const silent = await run(["list", "--timeout=100ms"], {
    fetch: (_, { signal }) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
  });
  assert.match(silent.err, /did not answer within 100 ms \(--timeout\)/);
});

Deno.test("names of others cannot move the cursor", async () => {
  const answer = { ...ANSWER, sessions: [{ ...session, name: "a\u001b[2Jb", owner: "\u202eeve" }] };
  const { out } = await run(["list"], { answer });
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(out, /[\u001b\u202e]/);
  assert.match(out, /a\ufffd\[2Jb/);
});

Deno.test("a real server is asked", async () => {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    return pathname === "/debug/sessions" ? Response.json(ANSWER) : new Response("no", { status: 404 });
  });
  try {
    const { code, out } = await run(["workers", `--url=http://127.0.0.1:${server.addr.port}`], { fetch });
    assert.equal(code, 0);
    assert.match(out, /worker-1/);
  } finally {
    await server.shutdown();
  }
});
