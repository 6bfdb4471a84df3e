import assert from "node:assert/strict";
import type { AccessRequest, KubeUser } from "../kube/reviews.ts";
import { scrapeAuthorizer } from "./metrics_access.ts";

/** A reviewer that knows one token and lets one user read metrics. */
function reviewer(allowed: boolean) {
  const asked: AccessRequest[] = [];
  return {
    asked,
    authenticate: (token: string): Promise<KubeUser | undefined> =>
      Promise.resolve(token === "good" ? { username: "prometheus" } : undefined),
    authorize: (_: KubeUser, request: AccessRequest) => {
      asked.push(request);
      return Promise.resolve({ allowed, reason: "" });
    },
  };
}

const scrape = (authorization?: string) =>
  new Request("http://x/metrics", authorization === undefined ? {} : { headers: { authorization } });

Deno.test("a scrape with a token of somebody who may get /metrics is let in", async () => {
  const known = reviewer(true);
  assert.equal(await scrapeAuthorizer(known)(scrape("Bearer good")), "allow");
  assert.equal(await scrapeAuthorizer(known)(scrape("bearer good")), "allow", "the scheme has no case");
  assert.deepEqual(known.asked[0], { verb: "get", path: "/metrics" });
});

Deno.test("somebody who may not is refused", async () => {
  assert.equal(await scrapeAuthorizer(reviewer(false))(scrape("Bearer good")), "deny");
});

Deno.test("no token, another scheme and a token that nobody issued are nobody", async () => {
  for (const header of [undefined, "", "Basic good", "Bearer", "Bearer bad", "Bearer good extra"]) {
    const known = reviewer(true);
    assert.equal(await scrapeAuthorizer(known)(scrape(header)), "unauthenticated", String(header));
    assert.deepEqual(known.asked, []);
  }
});

Deno.test("a reviewer that fails lets nobody in", async () => {
  const failing = { ...reviewer(true), authenticate: () => Promise.reject(new Error("no answer")) };
  await assert.rejects(scrapeAuthorizer(failing)(scrape("Bearer good")), /no answer/);
});
