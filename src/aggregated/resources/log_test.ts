import assert from "node:assert/strict";
import { connectionRefused, refusal } from "../../inventory/testing/model_coder.ts";
import { TooManyLogsError } from "../../inventory/mod.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { badRequest, StatusError } from "../serving/status_errors.ts";
import type { RequestContext, TextStream } from "../serving/storage.ts";
import { LAST_LINES, logText } from "./log.ts";
import { readLogOptions } from "./log_options.ts";
import type { Sight } from "./find.ts";
import type { CoderWorkspace } from "../../api/workspace.ts";
import { templateStorage, workspaceStorage } from "./storages.ts";
import { resourcesRig, START } from "./testing.ts";

const KEY = { namespace: "a", name: "acme.alice.dev" };

/** A workspace whose build is under way and has written a line, behind its storage. */
async function logRig(sight?: Sight<CoderWorkspace>) {
  const rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  const { id } = coder.add("dev");
  coder.begin(id, "start");
  coder.proceed(id);
  const build = coder.logs.begin(coder.workspaces.get(id)!);
  await rig.start();
  const times = { clock: rig.clock, wallTime: () => START + Math.floor(rig.clock.now()) };
  const log = workspaceStorage(rig.resources, sight, times).subresources!["log"]!;
  return {
    ...rig,
    coder,
    id,
    build,
    log,
    times,
    write: (output: string, stage = "Planning") => coder.logs.write(build, stage, output),
    /** The build is over; the copy learns of it by itself. */
    end() {
      coder.logs.end(build);
      coder.proceed(id);
    },
    async open(query = "", context: RequestContext = rig.context(), key = KEY): Promise<TextStream> {
      const opening = log.stream!(key, new URLSearchParams(query), context);
      opening.catch(() => {});
      await rig.clock.advance(500);
      return await opening;
    },
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

/** Takes a stream to its end, into what it returns. */
function follow({ chunks }: TextStream) {
  const heard = { text: "", pieces: 0, isOver: false, error: undefined as unknown };
  (async () => {
    for await (const chunk of chunks) {
      heard.text += chunk;
      heard.pieces++;
    }
  })().catch((error) => heard.error = error).finally(() => heard.isOver = true);
  return heard;
}

async function whole(rig: Awaited<ReturnType<typeof logRig>>, query = ""): Promise<string> {
  const heard = follow(await rig.open(query));
  await rig.clock.advance(100);
  assert.deepEqual([heard.isOver, heard.error], [true, undefined]);
  return heard.text;
}

async function refused(call: Promise<unknown>): Promise<StatusError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

Deno.test("a log is read as far as it goes, whether the build is over or not", async () => {
  await using rig = await logRig();
  rig.write("");
  rig.write("one");
  assert.equal(await whole(rig), "==> Planning\none\n");
  rig.write("two");
  rig.end();
  await rig.clock.advance(2_000);
  assert.equal(await whole(rig), "==> Planning\none\ntwo\n");
});

Deno.test("a log that is followed goes on until the build is over, without losing a line", async () => {
  await using rig = await logRig();
  rig.write("one");
  const heard = follow(await rig.open("follow=true"));
  for (let second = 0; second < 20; second++) {
    await rig.clock.advance(1_000);
    rig.write(`line ${second}`, second < 10 ? "Planning" : "Starting");
  }
  assert.equal(heard.isOver, false);
  rig.write("last", "Starting");
  rig.end();
  await rig.clock.advance(4_000);
  assert.deepEqual([heard.isOver, heard.error], [true, undefined]);
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`).join("");
  assert.equal(heard.text, `==> Planning\none\n${lines(0, 10)}==> Starting\n${lines(10, 20)}last\n`);
});

Deno.test("a line is there at most two seconds after it was written", async () => {
  await using rig = await logRig();
  const heard = follow(await rig.open("follow=true"));
  for (let index = 0; index < 5; index++) {
    rig.write(`line ${index}`);
    await rig.clock.advance(2_000);
    assert.match(heard.text, new RegExp(`line ${index}\n$`));
  }
});

Deno.test("a hundred followers ask Coder as often as one", async () => {
  await using rig = await logRig();
  const opening = Array.from(
    { length: 100 },
    () => rig.log.stream!(KEY, new URLSearchParams("follow"), rig.context()),
  );
  await rig.clock.advance(500);
  const all = (await Promise.all(opening)).map(follow);
  const before = rig.coder.count("log");
  rig.write("one");
  await rig.clock.advance(10_000);
  assert.ok(rig.coder.count("log") - before <= 12, `${rig.coder.count("log") - before} requests`);
  for (const { text } of all) assert.equal(text, "==> Planning\none\n");
});

Deno.test("a reader who does not take what is sent asks for nothing more", async () => {
  await using rig = await logRig();
  rig.write("x".repeat(40_000));
  rig.write("y".repeat(40_000));
  rig.write("z");
  const { chunks } = await rig.open("follow=true");
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  assert.ok(String(first.value).length > 80_000);
  const asked = rig.coder.count("log");
  await rig.clock.advance(60_000);
  assert.equal(rig.coder.count("log"), asked);
  assert.equal((await iterator.next()).value, "z\n");
  await iterator.return?.(undefined);
});

Deno.test("tail, since, times and bytes are counted as of pods", async () => {
  await using rig = await logRig();
  for (const text of ["one", "two", "three"]) rig.write(text);
  rig.end();
  await rig.clock.advance(2_000);
  assert.equal(await whole(rig, "tailLines=2"), "two\nthree\n");
  assert.equal(await whole(rig, "tailLines=0"), "");
  assert.equal(await whole(rig, "tailLines=100"), "==> Planning\none\ntwo\nthree\n");
  assert.equal(await whole(rig, "limitBytes=15"), "==> Planning\non");
  assert.equal(await whole(rig, "sinceTime=2026-01-01T00:00:02Z"), "==> Planning\ntwo\nthree\n");
  assert.equal(
    await whole(rig, "tailLines=1&timestamps=true"),
    "2026-01-01T00:00:03.000Z three\n",
  );
  // The rig's clock is a few seconds behind the start of the year, and the lines are of its first three.
  assert.equal(await whole(rig, "sinceSeconds=3600"), "==> Planning\none\ntwo\nthree\n");
});

Deno.test("who follows with a tail hears the end of what there is, and all that comes", async () => {
  await using rig = await logRig();
  for (const text of ["one", "two"]) rig.write(text);
  const heard = follow(await rig.open("follow&tailLines=1"));
  await rig.clock.advance(1_000);
  for (const text of ["three", "four"]) rig.write(text);
  await rig.clock.advance(2_000);
  assert.equal(heard.text, "two\nthree\nfour\n");
});

Deno.test("a limit of bytes ends a log that is followed", async () => {
  await using rig = await logRig();
  rig.write("one");
  const heard = follow(await rig.open("follow=1&limitBytes=20"));
  await rig.clock.advance(100);
  rig.write("two two two");
  await rig.clock.advance(2_000);
  assert.deepEqual([heard.text, heard.isOver], ["==> Planning\none\ntwo", true]);
});

Deno.test("earlier builds are read by their number", async () => {
  await using rig = await logRig();
  rig.write("second");
  const first = rig.coder.logs.begin(rig.coder.workspaces.get(rig.id)!, {
    id: rig.coder.nextId(),
    build_number: 1,
    job: { status: "succeeded" },
  });
  rig.coder.logs.write(first, "Planning", "first");
  assert.equal(await whole(rig, "build=1&follow=true"), "==> Planning\nfirst\n");
  assert.equal(await whole(rig, "build=2"), "==> Planning\nsecond\n");
  const error = await refused(rig.open("build=3"));
  assert.deepEqual([error.code, error.reason], [404, "NotFound"]);
  assert.match(error.message, /"3" not found/);
});

Deno.test("the log of a template is that of its active version's import", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  const { active_version_id: version } = coder.addTemplate("docker");
  coder.logs.versions.set(version, "running");
  coder.logs.write(version, "Parsing template parameters", "");
  await rig.start();
  const { log } = templateStorage(rig.resources, rig).subresources ?? {};
  const open = async (name: string, query: string) => {
    const opening = log!.stream!({ namespace: "a", name }, new URLSearchParams(query), rig.context());
    opening.catch(() => {});
    await rig.clock.advance(500);
    return await opening;
  };
  const heard = follow(await open("acme.docker", "follow=true"));
  coder.logs.write(version, "Cleaning up", "bye");
  coder.logs.end(version, "failed");
  await rig.clock.advance(3_000);
  assert.deepEqual([heard.text, heard.isOver], [
    "==> Parsing template parameters\n==> Cleaning up\nbye\n",
    true,
  ]);
  assert.equal((await refused(open("acme.docker", "build=1"))).code, 400);
  assert.equal((await refused(open("acme.podman", ""))).code, 404);
});

Deno.test("whose workspace somebody may not see, its log is not there", async () => {
  let sees = false;
  let asked = 0;
  const sight = () => {
    asked++;
    return Promise.resolve(() => sees);
  };
  await using rig = await logRig(sight);
  rig.write("secret");
  const hidden = await refused(rig.open());
  const missing = await refused(rig.open("", rig.context(), { namespace: "a", name: "acme.alice.none" }));
  assert.deepEqual([hidden.code, missing.code], [404, 404]);
  assert.equal(hidden.message.replace("dev", "none"), missing.message);
  assert.equal(rig.coder.count("log"), 0);
  sees = true;
  const heard = follow(await rig.open("follow=true"));
  await rig.clock.advance(3_000);
  assert.equal(heard.text, "==> Planning\nsecret\n");
  const before = asked;
  sees = false;
  rig.write("more secret");
  await rig.clock.advance(2_000);
  assert.ok(asked > before);
  assert.deepEqual([heard.text, heard.isOver], [`==> Planning\nsecret\n${LAST_LINES.hidden}\n`, true]);
});

Deno.test("a log ends where its Coder is shown no more", async () => {
  await using rig = await logRig();
  rig.write("one");
  const heard = follow(await rig.open("follow=true"));
  await rig.clock.advance(1_000);
  rig.drop("a/coder");
  await rig.clock.advance(2_000);
  assert.deepEqual([heard.text, heard.isOver], [`==> Planning\none\n${LAST_LINES.hidden}\n`, true]);
});

Deno.test("the log of a deletion is read to its end, though the workspace is gone by then", async () => {
  await using rig = await logRig();
  rig.end();
  await rig.clock.advance(2_000);
  rig.coder.begin(rig.id, "delete");
  rig.coder.proceed(rig.id);
  const build = rig.coder.logs.begin(rig.coder.workspaces.get(rig.id)!);
  rig.coder.logs.write(build, "Destroying", "one");
  const heard = follow(await rig.open("follow=true"));
  await rig.clock.advance(2_000);
  rig.coder.logs.write(build, "Destroying", "two");
  rig.coder.logs.end(build);
  rig.coder.proceed(rig.id);
  await rig.clock.advance(6_000);
  assert.equal((await refused(rig.open())).code, 404);
  assert.deepEqual([heard.text, heard.isOver], ["==> Destroying\none\ntwo\n", true]);
});

Deno.test("while Coder is away a log is refused before it begins, and nothing of ours is told", async () => {
  await using rig = await logRig();
  rig.coder.failure = () => connectionRefused();
  for (const query of ["", "follow=true", "build=1"]) {
    const error = await refused(rig.open(query));
    assert.deepEqual([error.code, error.details?.retryAfterSeconds], [503, 1], query);
    assert.match(
      error.message,
      /^the Coder of a\/coder cannot be reached now$/,
    );
    assert.doesNotMatch(error.message, /nobody listens|http/);
  }
});

Deno.test("refusals of Coder are told as what they mean to the caller", async () => {
  await using rig = await logRig();
  for (
    const [failure, code] of [
      [refusal("notFound", 404), 404],
      [refusal("forbidden", 403), 503],
      [refusal("unauthorized", 401), 503],
      [new TooManyLogsError(), 429],
      [badRequest("as it is"), 400],
    ] as const
  ) {
    rig.coder.failure = (request) => request === "build" || request === "log" ? failure : undefined;
    assert.equal((await refused(rig.open())).code, code);
    await rig.clock.advance(2_000);
  }
});

Deno.test("nonsense is refused before anybody is asked", async () => {
  await using rig = await logRig();
  const before = rig.coder.count();
  assert.equal((await refused(rig.open("tailLines=x"))).code, 400);
  assert.equal(rig.coder.count("log") + rig.coder.count("build"), 0);
  assert.ok(rig.coder.count() - before <= 2);
});

Deno.test("a Coder that comes back within a minute is not noticed, one that does not is told in the last line", async () => {
  await using rig = await logRig();
  rig.write("one");
  const heard = follow(await rig.open("follow=true"));
  await rig.clock.advance(1_000);
  rig.coder.failure = () => connectionRefused();
  await rig.clock.advance(30_000);
  rig.coder.failure = undefined;
  rig.write("two");
  await rig.clock.advance(30_000);
  assert.equal(heard.text, "==> Planning\none\ntwo\n");
  rig.coder.failure = () => connectionRefused();
  await rig.clock.advance(90_000);
  assert.deepEqual([heard.text, heard.isOver, heard.error], [
    `==> Planning\none\ntwo\n${LAST_LINES.away}\n`,
    true,
    undefined,
  ]);
});

Deno.test("who goes away is forgotten", async () => {
  await using rig = await logRig();
  const gone = new AbortController();
  const heard = follow(await rig.open("follow=true", { ...rig.context(), signal: gone.signal }));
  await rig.clock.advance(3_000);
  gone.abort();
  await rig.clock.advance(0);
  assert.deepEqual([heard.isOver, heard.error], [true, undefined]);
  const asked = rig.coder.count("log");
  await rig.clock.advance(10_000);
  assert.equal(rig.coder.count("log"), asked);
});

/** A log that a test writes, without a Coder. */
function bareLog(refresh: () => Promise<void>, isCut = false) {
  const clock = new FakeClock();
  const log = { lines: [], isOver: false, isCut, refresh };
  const options = readLogOptions(new URLSearchParams("follow"), "workspaces", 0);
  const signal = new AbortController().signal;
  const isVisible = () => Promise.resolve(true);
  return { clock, heard: follow({ chunks: logText({ log, options, isVisible, signal, clock }) }) };
}

Deno.test("where too many logs are followed, each waits longer, and none ends", async () => {
  let asked = 0;
  const { clock, heard } = bareLog(() => {
    asked++;
    return Promise.reject(new TooManyLogsError());
  });
  await clock.advance(600_000);
  assert.equal(heard.isOver, false);
  assert.ok(asked > 200 && asked <= 301, String(asked));
});

Deno.test("a log that is too long says so at its end", async () => {
  const { clock, heard } = bareLog(() => Promise.resolve(), true);
  await clock.advance(0);
  assert.deepEqual([heard.text, heard.isOver], [`${LAST_LINES.cut}\n`, true]);
});
