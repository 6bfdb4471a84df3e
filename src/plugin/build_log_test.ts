import assert from "node:assert/strict";
import { asItIs, buildLog, harmless } from "./build_log.ts";
import { fakeWorld, refusal, workspace } from "./testing.ts";

const key = { namespace: "coder", name: "acme.alice.dev" };
const { signal } = new AbortController();

Deno.test("lines come whole however they are cut, each once", async () => {
  const world = fakeWorld([workspace(key.name)]);
  world.log = ["==> Set", "ting up\nInit", "ializing\n\nlast\n", "no end"];
  const lines = await Array.fromAsync(
    buildLog(world, key, { follow: false, timestamps: false }, { signal, clean: (line) => `[${line}]` }),
  );
  assert.equal(lines.join(""), "[==> Setting up]\n[Initializing]\n[]\n[last]\n[no end]");
});

Deno.test("letters that are cut between pieces are whole", async () => {
  const world = fakeWorld([]);
  const bytes = new TextEncoder().encode("é\n");
  const stream = async function* () {
    yield await Promise.resolve(bytes.slice(0, 1));
    yield bytes.slice(1);
  };
  const lines = await Array.fromAsync(buildLog(
    { ...world, stream: () => Promise.resolve(stream()) },
    key,
    { follow: false, timestamps: false },
    { signal, clean: asItIs },
  ));
  assert.equal(lines.join(""), "é\n");
});

Deno.test("what is wanted is asked for in the server's words", async () => {
  const world = fakeWorld([]);
  const request = { follow: true, timestamps: true, build: 3, tail: 0, sinceSeconds: 60 };
  await Array.fromAsync(buildLog(world, key, request, { signal, clean: asItIs }));
  await Array.fromAsync(
    buildLog(world, key, { follow: false, timestamps: false }, { signal, clean: asItIs }),
  );
  const path = "/apis/aggregation.coder.com/v1alpha1/namespaces/coder/coderworkspaces/acme.alice.dev/log";
  assert.deepEqual(world.calls, [
    `STREAM ${path}?follow=true&timestamps=true&build=3&tailLines=0&sinceSeconds=60`,
    `STREAM ${path}`,
  ]);
  world.refuse = { matches: /STREAM/, error: refusal(404, "NotFound", 'builds "9" not found') };
  await assert.rejects(
    Array.fromAsync(buildLog(world, key, request, { signal, clean: asItIs })),
    /"9" not found/,
  );
});

Deno.test("on a terminal colours stay, and what else would move or ask something of it goes", () => {
  assert.equal(harmless("\x1b[1;31mred\x1b[0m\tand"), "\x1b[1;31mred\x1b[0m\tand");
  assert.equal(harmless("a\x1b[2Jb\x1b[10;1Hc\x1b]0;title\x07d\x1bPx\x9b5n\x00"), "abc]0;titledPx5n");
  assert.equal(asItIs("\x1b[2J"), "\x1b[2J");
});
