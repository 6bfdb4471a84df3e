import { deepEqual, equal, match } from "node:assert/strict";
import { Api } from "./api.js";
import { Credentials, NoRenewal } from "./credentials.js";
import { type Link, watch } from "./watch.js";

const TAB = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
const HELLO = 'event: hello\ndata: {"user":"ada"}\n\n';

type Answer = Response | Error | ((signal: AbortSignal) => Promise<Response>);

/** Follows a server that gives these answers; every wait is ended at once, and is noted. */
function follow(
  answers: Answer[],
  options: { silenceMs?: number; lastMs?: number; isPatient?: boolean } = {},
) {
  const abort = new AbortController();
  const links: Link[] = [];
  const applied: [string, unknown][] = [];
  const early = new EventTarget();
  const waits = Promise.withResolvers<void>();
  let now = 0;
  const api = new Api(
    new Credentials(TAB, () => Promise.reject(new NoRenewal(""))),
    "https://host/ui/",
    (_, init = {}) => {
      const answer = answers.shift();
      now += options.lastMs ?? 0;
      if (answer === undefined) {
        abort.abort();
        return Promise.reject(new TypeError("over"));
      }
      if (answer instanceof Error) return Promise.reject(answer);
      return answer instanceof Response ? Promise.resolve(answer) : answer(init.signal as AbortSignal);
    },
  );
  const done = watch({
    api,
    early,
    signal: abort.signal,
    now: () => now,
    chance: () => 1,
    apply: (kind, data) => applied.push([kind, data]),
    told: (link) => {
      links.push(link);
      if (link.kind !== "waiting") return;
      waits.resolve();
      if (options.isPatient !== true) queueMicrotask(() => early.dispatchEvent(new Event("wake")));
    },
    ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }),
  });
  return { done, links, applied, abort, waits: waits.promise };
}

const stream = (text: string) => new Response(text, { headers: { "content-type": "text/event-stream" } });
const waits = (links: Link[]) => links.flatMap((link) => (link.kind === "waiting" ? [link.until] : []));

Deno.test("events are told as they come, and after the end of a stream there is the next", async () => {
  const { done, links, applied } = follow([
    stream(HELLO + ": beat\n\nevent: rows\ndata: [1]\n\n"),
    stream(HELLO),
  ]);
  await done;
  deepEqual(applied, [["hello", { user: "ada" }], ["rows", [1]], ["hello", { user: "ada" }]]);
  deepEqual(links.map(({ kind }) => kind), [
    "connecting",
    "live",
    "waiting",
    "connecting",
    "live",
    "waiting",
    "connecting",
  ]);
});

Deno.test("waits grow while it does not work, and begin anew after a good stream", async () => {
  const away = () => new TypeError("away");
  const { done, links } = follow([away(), away(), away(), away()]);
  await done;
  deepEqual(waits(links), [500, 1_000, 2_000, 4_000]);
  match(links.find((link) => link.kind === "waiting")?.message ?? "", /not reached/);
  const good = follow([stream(HELLO), stream(HELLO)], { lastMs: 20_000 });
  await good.done;
  deepEqual(waits(good.links), [20_500, 40_500]);
});

Deno.test("the server's last word is shown, and so is when it wants to be asked again", async () => {
  const { done, links } = follow([
    stream(
      HELLO +
        'event: end\ndata: {"message":"your rights\\u001b[31m are others by now"}\n\nevent: rows\ndata: 1\n\n',
    ),
    new Response(null, { status: 503, headers: { "retry-after": "60" } }),
  ]);
  await done;
  const waiting = links.filter((link) => link.kind === "waiting");
  equal(waiting[0]?.message, "your rights are others by now");
  equal(waiting[1]?.until, 60_000);
});

Deno.test("nobody is asked again who said no", async () => {
  const out = follow([new Response(null, { status: 401 })]);
  await out.done;
  deepEqual(out.links.at(-1)?.kind, "signedOut");
  for (const status of [400, 403, 404]) {
    const refused = follow([new Response(null, { status })]);
    await refused.done;
    equal(refused.links.at(-1)?.kind, "refused", String(status));
  }
});

Deno.test("a stream that is none is left, and the next is asked for", async () => {
  const { done, links, applied } = follow([stream(HELLO + "event: rows\ndata: {\n\n"), stream(HELLO)]);
  await done;
  equal(applied.length, 2);
  match(JSON.stringify(links), /was not understood/);
});

Deno.test("a server that falls silent is left", async () => {
  const silent = (signal: AbortSignal) =>
    Promise.resolve(
      stream(""),
    ).then(() =>
      new Response(
        new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(new TextEncoder().encode(HELLO));
            signal.addEventListener("abort", () => controller.error(signal.reason));
          },
        }),
      )
    );
  const { done, links } = follow([silent], { silenceMs: 20 });
  await done;
  match(JSON.stringify(links), /has said nothing for a while/);
});

Deno.test("it ends when it is told to, while it follows and while it waits", async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const following = follow([(signal) => {
    resolve();
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  }]);
  await asked;
  following.abort.abort();
  await following.done;
  deepEqual(following.links, [{ kind: "connecting" }]);
  const waiting = follow([new TypeError("away")], { isPatient: true });
  await waiting.waits;
  waiting.abort.abort();
  await waiting.done;
  deepEqual(waiting.links.map(({ kind }) => kind), ["connecting", "waiting"]);
});
