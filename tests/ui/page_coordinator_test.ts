/** The page of a real coordinator in a real Chromium: workers, sessions and calls as they come, by a token and by OpenID Connect. */
import assert from "node:assert/strict";
import { startRig } from "../sessions/rig.ts";
import { FakeIssuer } from "./fake_issuer.ts";
import * as inPage from "./in_page.js";
import { escape, goTo, PageRig, signIn, textOf, textsOf, until } from "./page_rig.ts";

const ROOT = "root-0123456789abcdef";
const ANN = "ann-0123456789abcdef";

Deno.test("people watch a real coordinator in a real browser", async (t) => {
  await using browser = await PageRig.start();
  await using issuer = new FakeIssuer();
  await using rig = await startRig({
    args: [
      "--auth=token,oidc",
      `--oidc-issuer=${issuer.url}`,
      "--url=https://sessions.test/mcp",
      "--oidc-audience=server",
      "--oidc-username-prefix=oidc:",
      "--ui-oidc-client-id=page",
      "--ui-oidc-scopes=openid offline_access",
    ],
  });
  const ui = `${rig.url}/ui/`;

  await t.step("an admin sees workers, sessions and calls as they come", async () => {
    await using open = await browser.open();
    const { page } = open;
    await page.goto(`${rig.url}/ui`);
    assert.equal(page.url(), ui);
    await signIn(page, ROOT);
    await until(page, "#user", /^root$/);
    await until(page, "#link", /^Live$/);
    await goTo(page, "workers");
    await until(page, "tbody", /w1.*connected/);
    await goTo(page, "sessions");
    await until(page, ".hint", /no session/i);
    await using client = await rig.client("ann");
    const opened = await client.call("session.create", { name: "review-of-ann" });
    assert.notEqual(opened.isError, true);
    await until(page, "tbody", /review-of-ann.*ready.*ann.*w1/);
    await page.click("tbody .open");
    await until(page, "#sheet-body", /Worker w1/);
    await escape(page);
    await goTo(page, "calls");
    await until(page, "tbody", /session\.create.*succeeded.*ann/);
    assert.deepEqual(await open.faults(), []);
  });

  await t.step("whoever is no admin sees what is theirs", async () => {
    await using open = await browser.open({ width: 320, height: 640 });
    const { page } = open;
    await page.goto(ui);
    await signIn(page, ANN);
    await until(page, "#link", /^Live$/);
    await goTo(page, "sessions");
    await until(page, "tbody", /review-of-ann/);
    assert.deepEqual(await page.evaluate(inPage.tooWide), []);
    assert.deepEqual(await open.faults(), []);
  });

  await t.step("somebody whom the issuer knows signs in there, and is who it says", async () => {
    await using open = await browser.open();
    const { page } = open;
    await page.goto(ui);
    await page.waitForSelector("#sign-in button.primary", { visible: true });
    await page.click("#sign-in button.primary");
    await until(page, "#user", /^oidc:ada$/);
    await until(page, "#link", /^Live$/);
    assert.equal((await page.evaluate(inPage.kept)).address, ui);
    await goTo(page, "sessions");
    await until(page, ".hint", /no session/i);
    assert.deepEqual(await textsOf(page, "tbody .open"), []);
    assert.deepEqual(await open.faults(), []);
  });

  await t.step("a token that nobody gave is refused in words; the end of the server is said", async () => {
    await using open = await browser.open();
    const { page } = open;
    await page.goto(ui);
    await signIn(page, "not-a-token-of-anybody");
    await until(page, "#sign-in .problem", /\w/);
    await signIn(page, ROOT);
    await until(page, "#link", /^Live$/);
    await rig.coordinator.stop("SIGTERM");
    await until(page, "#link", /^Not connected\. /);
    assert.match(await textOf(page, "#link"), /Not connected/);
    assert.deepEqual((await open.faults()).filter((fault) => !fault.includes("ERR_CONNECTION")), []);
  });
});
