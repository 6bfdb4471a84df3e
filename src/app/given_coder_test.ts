import assert from "node:assert/strict";
import { givenCoder } from "./given_coder.ts";

const TOKEN = "abcdefghij-abcdefghijklmnopqrstuv";

function given(config: object, environment: Record<string, string>, token: string | undefined) {
  const asked: string[] = [];
  const access = {
    deployments: {
      client(key: string, { url }: { url: string }, token: string) {
        asked.push(`${key} ${url} ${token}`);
        return { address: url };
      },
    },
  };
  return { coders: givenCoder(access as never, config, environment, token), asked };
}

Deno.test("who has said where Coder is and who they are is themselves there", async () => {
  const { coders, asked } = given({ coderUrl: "https://a.example.com", coderNamespace: "lab" }, {}, TOKEN);
  assert.deepEqual(asked, [`own https://a.example.com ${TOKEN}`]);
  const [ref] = await coders!.list(undefined, AbortSignal.timeout(60_000));
  assert.deepEqual(ref, {
    id: "https://a.example.com",
    namespace: "lab",
    url: "https://a.example.com",
  });
  const { asked: others } = given({}, { CODER_URL: "https://b.example.com" }, TOKEN);
  assert.deepEqual(others, [`own https://b.example.com ${TOKEN}`]);
});

Deno.test("half of it is nothing", () => {
  assert.equal(given({ coderUrl: "https://a.example.com" }, {}, undefined).coders, undefined);
  assert.equal(given({ coderUrl: "https://a.example.com" }, {}, "").coders, undefined);
  assert.equal(given({}, { CODER_URL: "" }, TOKEN).coders, undefined);
  assert.equal(given({}, {}, TOKEN).coders, undefined);
});
