/** Signing in to the page in a real Chromium: with a token, at an issuer, and what of it is kept where. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import type { Page } from "./chromium.ts";
import { FakeIssuer } from "./fake_issuer.ts";
import { type FakeServer, hello } from "./fake_server.ts";
import * as inPage from "./in_page.js";
import { PageRig, PATIENCE_MS, textOf, textsOf, until, withPage } from "./page_rig.ts";
import { platform, rowsEvents, tellAll, workspace } from "./sample.ts";

const TOKEN = "secret-token-of-ada";
const PASTED = { config: { open: false, token: "a Kubernetes token" } };

function tell(server: FakeServer): void {
  server.opening = (watcher) =>
    tellAll(watcher, [hello(`user of ${watcher.token.slice(-3)}`), ...rowsEvents(platform(5))]);
}

async function paste(page: Page, token: string, keep = false): Promise<void> {
  await until(page, "#sign-in", /Sign in/);
  await page.type("#token", token);
  if (keep) await page.click("#keep");
  await page.keyboard.press("Enter");
}

/** What was watched with last. */
function tokenOf(server: FakeServer): string | undefined {
  return server.requests.findLast(({ what }) => what.includes("api/events"))?.token;
}

/** That no token is anywhere but where it may be. */
async function assertNotKept(server: FakeServer, page: Page, secret: string): Promise<void> {
  const { session, local, cookie, address } = await page.evaluate(inPage.kept);
  assert.ok(
    !session.includes(secret) && !address.includes(secret),
    "neither in the tab's storage nor in the address",
  );
  assert.deepEqual([local, cookie], [0, ""]);
  assert.ok(
    server.requests.every(({ what }) => !what.includes(secret)),
    "nor in an address that was asked for",
  );
  assert.ok(!(await page.content()).includes(secret), "nor on the page");
}

Deno.test("people sign in with a token", async (t) => {
  await using rig = await PageRig.start();

  await t.step(
    "it is asked for, refused in words, taken, and kept in memory alone",
    () =>
      withPage(rig, PASTED, async (server, page) => {
        tell(server);
        server.tokens = new Set([TOKEN]);
        await page.goto(server.url);
        await until(page, "#sign-in", /Paste a Kubernetes token/);
        const isAtToken = async () => await page.evaluate(inPage.focused) === "input#token";
        await waitFor(isAtToken, { what: "the focus", timeoutMs: PATIENCE_MS });
        assert.equal(await page.evaluate(inPage.attribute, "#token", "type"), "password");
        assert.ok(
          server.requests.every(({ what }) => !what.includes("api/events")),
          "nothing is asked for before",
        );
        await paste(page, "wrong");
        await until(page, "#sign-in .problem", /the token is not known/);
        await paste(page, `Bearer ${TOKEN}`);
        await until(page, "#link", /^Live$/);
        await until(page, "#user", /^user of ada$/);
        assert.ok(await page.evaluate(inPage.isPresent, "#sign-in[hidden]", true));
        await assertNotKept(server, page, TOKEN);
        await page.reload();
        await until(page, "#sign-in", /Paste a Kubernetes token/);
      }),
  );

  await t.step(
    "the tab keeps it where that is asked for, until somebody signs out",
    () =>
      withPage(rig, PASTED, async (server, page) => {
        tell(server);
        server.tokens = new Set([TOKEN]);
        await page.goto(server.url);
        await paste(page, TOKEN, true);
        await until(page, "#link", /^Live$/);
        const { session, local } = await page.evaluate(inPage.kept);
        assert.ok(session.includes(TOKEN));
        assert.equal(local, 0);
        await page.reload();
        await until(page, "#link", /^Live$/);
        await page.click("#sign-out");
        await until(page, "#sign-in", /Paste a Kubernetes token/);
        await assertNotKept(server, page, TOKEN);
        assert.equal(await textOf(page, "#page"), "", "nothing of what was shown is left");
        assert.ok(await page.evaluate(inPage.isPresent, "#nav[hidden]", true));
        await page.reload();
        await until(page, "#sign-in", /Paste a Kubernetes token/);
        await until(page, "#link", /^$/);
        // Servers hear a little later of who has left.
        await waitFor(() => server.watchers.size === 0, { what: "its end", timeoutMs: PATIENCE_MS });
      }),
  );

  await t.step(
    "a token that ends while one watches is asked for anew; what was shown stays, greyed, until then",
    () =>
      withPage(rig, PASTED, async (server, page) => {
        tell(server);
        server.tokens = new Set([TOKEN]);
        await page.goto(`${server.url}#workspaces`);
        await paste(page, TOKEN);
        await until(page, ".chips", /All 5/);
        await page.click("tbody .open");
        server.tokens = new Set(["second-token-of-eve"]);
        for (const watcher of server.watchers) {
          watcher.raw('event: end\ndata: {"message":"you are not let in any more"}\n\n');
        }
        await until(page, "#link", /^Signed out\. the token is not known$/);
        await until(page, "#sign-in .problem", /the token is not known/);
        assert.ok(await page.evaluate(inPage.isPresent, "#page.stale", true));
        assert.ok(await page.evaluate(inPage.isPresent, "#sheet[open]", false));
        assert.equal((await textsOf(page, "tbody .open")).length, 5);
        server.opening = (watcher) =>
          tellAll(watcher, [hello("eve"), ...rowsEvents({ workspaces: [workspace(9)] })]);
        await paste(page, "second-token-of-eve");
        await until(page, "#user", /^eve$/);
        await until(page, ".chips", /All 1 /);
        assert.deepEqual(
          await textsOf(page, "tbody .open"),
          ["main.dev9.project-9"],
          "nothing of somebody else's",
        );
        assert.ok(await page.evaluate(inPage.isPresent, "#page.stale", false));
      }),
  );

  await t.step(
    "whoever is asked anew may leave instead, and leaves nothing",
    () =>
      withPage(rig, PASTED, async (server, page) => {
        tell(server);
        server.tokens = new Set([TOKEN]);
        await page.goto(`${server.url}#workspaces`);
        await paste(page, TOKEN, true);
        await until(page, ".chips", /All 5/);
        server.tokens = new Set();
        for (const watcher of server.watchers) watcher.end();
        await until(page, "#sign-in .problem", /the token is not known/);
        assert.equal(
          (await page.evaluate(inPage.kept)).session,
          "{}",
          "a token that is not taken is not kept",
        );
        await page.click("#sign-out");
        assert.equal(await textOf(page, "#page"), "");
        assert.ok(await page.evaluate(inPage.isPresent, "#person[hidden]", true));
      }),
  );

  await t.step(
    "where nobody has to say who they are, nobody is asked",
    () =>
      withPage(rig, { config: { open: true, token: "" } }, async (server, page) => {
        server.opening = (watcher) => tellAll(watcher, [hello(""), ...rowsEvents(platform(5))]);
        await page.goto(server.url);
        await until(page, "#link", /^Live$/);
        assert.ok(await page.evaluate(inPage.isPresent, "#person[hidden]", true));
      }),
  );

  await t.step(
    "where a browser may be known otherwise, one that is not may give a token, which the tab keeps",
    () =>
      withPage(rig, { config: { open: true, token: "a Kubernetes token" } }, async (server, page) => {
        tell(server);
        server.tokens = new Set([TOKEN]);
        await page.goto(server.url);
        await until(page, "#sign-in", /Paste a Kubernetes token/);
        await paste(page, TOKEN, true);
        await until(page, "#user", /^user of ada$/);
        await page.reload();
        await until(page, "#user", /^user of ada$/);
        assert.equal(tokenOf(server), TOKEN);
      }),
  );
});

Deno.test("people sign in at an issuer", async (t) => {
  await using rig = await PageRig.start();

  const withIssuer = async (run: (issuer: FakeIssuer, server: FakeServer, page: Page) => Promise<void>) => {
    await using issuer = new FakeIssuer();
    const oidc = { issuer: issuer.url, clientId: "page", scopes: "openid offline_access" };
    const options = { config: { open: false, token: "a token", oidc }, connect: [issuer.url] };
    await withPage(rig, options, async (server, page) => {
      tell(server);
      server.refuse = (path) => {
        if (path !== "api/events") return undefined;
        return issuer.given.includes(server.requests.at(-1)?.token ?? "")
          ? undefined
          : Response.json({}, { status: 401 });
      };
      await page.goto(`${server.url}#workspaces`);
      await until(page, "#sign-in", /Sign in with 127\.0\.0\.1/);
      await run(issuer, server, page);
    });
  };
  const go = (page: Page) => page.click("#sign-in button.primary");

  for (const mode of ["fragment", "query"]) {
    await t.step(
      `they go there and come back with a code in the ${mode}, of which nothing stays`,
      () =>
        withIssuer(async (issuer, server, page) => {
          issuer.canFragment = mode === "fragment";
          await go(page);
          await until(page, "#link", /^Live$/);
          const { session, address } = await page.evaluate(inPage.kept);
          assert.equal(session, "{}");
          assert.equal(address, server.url);
          assert.equal(server.requests.some(({ what }) => what.includes("code=")), mode === "query");
          assert.equal(tokenOf(server), issuer.given[0]);
          await assertNotKept(server, page, issuer.given[0] ?? "?");
          await page.goBack().catch(() => null);
          assert.ok(!page.url().includes("code="), "not in the history either");
        }),
    );
  }

  await t.step(
    "a sign-in that the tab keeps is there after a reload, and is taken back by who signs out",
    () =>
      withIssuer(async (issuer, server, page) => {
        await page.click("#keep");
        await go(page);
        await until(page, "#link", /^Live$/);
        await page.reload();
        await until(page, "#link", /^Live$/);
        assert.equal(issuer.given.length, 1);
        await page.click("#sign-out");
        await until(page, "#sign-in", /Sign in with/);
        await assertNotKept(server, page, issuer.given[0] ?? "?");
        await waitFor(() => issuer.revoked.length > 0, { what: "the revocation", timeoutMs: PATIENCE_MS });
        assert.deepEqual(issuer.revoked, ["refresh-1"]);
      }),
  );

  await t.step(
    "an access token that the server cannot read is left for the ID token",
    () =>
      withIssuer(async (issuer, server, page) => {
        issuer.isOpaque = true;
        server.refuse = () => undefined;
        await go(page);
        await until(page, "#link", /^Live$/);
        assert.equal(tokenOf(server)?.split(".").length, 3);
      }),
  );

  await t.step(
    "a token that ends is renewed without a word, until the issuer says no",
    () =>
      withIssuer(async (issuer, server, page) => {
        await go(page);
        await until(page, "#user", /./);
        const [first = ""] = issuer.given.splice(0);
        for (const watcher of server.watchers) watcher.end();
        await page.waitForFunction(inPage.matches, {}, "#link", "^Live$", "");
        await waitFor(() => issuer.given.length > 0, { what: "the renewal", timeoutMs: PATIENCE_MS });
        await until(page, "#link", /^Live$/);
        // "Live" may be what was there before.
        const isRenewed = () => ![undefined, first].includes(tokenOf(server)) && server.watchers.size > 0;
        await waitFor(isRenewed, { what: "the new token", timeoutMs: PATIENCE_MS });
        issuer.given.splice(0);
        issuer.renews = false;
        for (const watcher of server.watchers) watcher.end();
        await until(page, "#sign-in .problem", /does not take this token/);
        await go(page);
        await until(page, "#link", /^Live$/);
      }),
  );

  await t.step(
    "what went wrong there is said, and one can try again",
    () =>
      withIssuer(async (issuer, _, page) => {
        issuer.denies = "access_denied";
        await go(page);
        await until(page, "#sign-in .problem", /said no\. It says: access_denied/);
        issuer.denies = undefined;
        issuer.allows = false;
        await go(page);
        await until(page, "#sign-in .problem", /was not reached.*\(CORS\)/);
        issuer.allows = true;
        await go(page);
        await until(page, "#link", /^Live$/);
      }),
  );

  await t.step(
    "a code that somebody else brings is not used",
    () =>
      withIssuer(async (issuer, server, page) => {
        for (const address of ["?code=stolen&state=x", "#code=stolen&state=x"]) {
          await page.goto("about:blank");
          await page.goto(server.url + address);
          await until(page, "#sign-in .problem", /not begun in this tab/);
          assert.equal((await page.evaluate(inPage.kept)).address, server.url);
        }
        assert.ok(!issuer.asked.includes("POST /token"));
      }),
  );
});
