/** The page for everybody: with axe-core, in every colour scheme and width, and with the keyboard alone. */
import assert from "node:assert/strict";
import axe from "npm:axe-core@4.14.1";
import { type Section, SECTIONS, type WatchEvent } from "../../src/ui/types.ts";
import { waitFor } from "../cluster/mod.ts";
import type { Page } from "./chromium.ts";
import { type FakeServer, hello, SSE } from "./fake_server.ts";
import * as inPage from "./in_page.js";
import { escape, goTo, PageRig, painted, textOf, until, untilAllRows, withPage } from "./page_rig.ts";
import { platform, rowsEvents, tellAll, workspace } from "./sample.ts";

const ALL = rowsEvents(platform(500, Date.now()));
const SCHEMES = ["light", "dark"] as const;

/** Every section with rows, a diagnosis and a log. */
async function openPlatform(server: FakeServer, page: Page): Promise<void> {
  server.opening = (watcher) => tellAll(watcher, [hello(), ...ALL]);
  server.diagnosis = () =>
    Response.json({
      summary: "No pod is ready.",
      causes: [{
        title: "The image cannot be pulled",
        why: "manifest unknown",
        certainty: "certain",
        steps: ["Fix it"],
      }],
    });
  server.log = () =>
    new Response('event: line\ndata: {"at":"","stage":"Plan","text":"one"}\n\nevent: end\ndata: {}\n\n', SSE);
  await page.goto(server.url);
  await untilAllRows(page);
}

async function assertAccessible(page: Page, where: string): Promise<void> {
  await painted(page);
  await page.evaluate(axe.source);
  const { passes, violations } = await page.evaluate(inPage.axeFindings);
  assert.deepEqual(violations, [], where);
  for (const rule of ["color-contrast", "button-name"]) {
    assert.ok(passes.includes(rule), `${where}: ${rule} was not looked at`);
  }
}

Deno.test("the page has nothing that axe-core finds wrong, in the light, the dark, wide and narrow", async (t) => {
  await using rig = await PageRig.start();
  for (const scheme of SCHEMES) {
    for (const width of [1_280, 320]) {
      await t.step(
        `${scheme}, ${width} px`,
        () =>
          withPage(rig, { width, height: 700 }, async (server, page) => {
            await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }, {
              name: "prefers-reduced-motion",
              value: "reduce",
            }]);
            await openPlatform(server, page);
            server.send({ kind: "problem", section: "jobs", message: "Coder does not answer" });
            for (const section of ["", ...SECTIONS]) {
              await goTo(page, section);
              await assertAccessible(page, section);
            }
            await goTo(page, "controlplanes");
            await page.click("tbody tr[data-ill] .actions button");
            await until(page, ".causes", /cannot be pulled/);
            await assertAccessible(page, "a diagnosis");
            await escape(page);
            await goTo(page, "builds");
            await page.click("tbody .actions button");
            await until(page, "#sheet-body", /The log has ended/);
            await assertAccessible(page, "a log");
            await escape(page);
            server.refuse = () => new Response(null, { status: 503, headers: { "retry-after": "100" } });
            for (const watcher of server.watchers) watcher.end();
            await until(page, "#link", /^Not connected/);
            await assertAccessible(page, "what is grey");
          }),
      );
    }
    await t.step(
      `${scheme}, signing in`,
      () =>
        withPage(rig, {
          width: 320,
          config: {
            open: false,
            token: "a Kubernetes token",
            oidc: { issuer: "https://id.example", clientId: "x", scopes: "openid" },
          },
        }, async (server, page) => {
          await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
          await page.goto(server.url);
          await until(page, "#sign-in", /Sign in with id\.example/);
          await assertAccessible(page, "sign-in");
          await page.click("#sign-in form button[type=submit]");
          await until(page, "#sign-in .problem", /Paste a token first/);
          await assertAccessible(page, "sign-in with a problem");
        }),
    );
  }
});

Deno.test("axe-core finds what is wrong, where something is", async () => {
  await using rig = await PageRig.start();
  await withPage(rig, {}, async (server, page) => {
    await openPlatform(server, page);
    await page.evaluate(inPage.spoil);
    await page.evaluate(axe.source);
    const found = (await page.evaluate(inPage.axeFindings)).violations.map(({ id }) => id);
    assert.ok(found.includes("label") && found.includes("color-contrast"), found.join());
  });
});

Deno.test("nothing is wider than a window of 320 pixels, and zoomed letters fit their rows", async (t) => {
  await using rig = await PageRig.start();
  await t.step(
    "every section, and what opens",
    () =>
      withPage(rig, { width: 320, height: 640 }, async (server, page) => {
        await openPlatform(server, page);
        const long = {
          ...workspace(0),
          id: "long",
          name: `main.${"x".repeat(300)}`,
          owner: "y".repeat(300),
          template: "z ".repeat(200),
        };
        server.send({ kind: "rows", section: "workspaces", rows: [long], removed: [] } as WatchEvent);
        server.send({ kind: "problem", section: "jobs", message: "w".repeat(400) });
        for (const section of ["", ...SECTIONS]) {
          await goTo(page, section);
          assert.deepEqual(await page.evaluate(inPage.tooWide), [], section);
          if (section === "") continue;
          await page.click("tbody .open");
          await painted(page);
          assert.deepEqual(await page.evaluate(inPage.tooWide), [], `${section}, opened`);
          await escape(page);
        }
      }),
  );
  for (const width of [400, 640, 900, 1_024]) {
    await t.step(`${width} pixels`, () =>
      withPage(rig, { width }, async (server, page) => {
        await openPlatform(server, page);
        for (const section of ["", ...SECTIONS]) {
          await goTo(page, section);
          assert.deepEqual(await page.evaluate(inPage.tooWide), [], section);
          assert.deepEqual(await page.evaluate(inPage.misfits), [], section);
        }
      }));
  }
  for (const [width, size] of [[320, "100%"], [640, "175%"], [1_280, "200%"]] as const) {
    await t.step(
      `letters of ${size} in ${width} pixels`,
      () =>
        withPage(rig, { width }, async (server, page) => {
          await openPlatform(server, page);
          await page.evaluate(inPage.letters, size);
          for (const section of SECTIONS) {
            await goTo(page, section);
            assert.deepEqual(await page.evaluate(inPage.misfits), [], section);
            assert.deepEqual(await page.evaluate(inPage.tooWide), [], section);
          }
        }),
    );
  }
});

Deno.test("the keyboard alone is enough", async (t) => {
  await using rig = await PageRig.start();
  const press = async (page: Page, ...keys: string[]) => {
    for (const key of keys) {
      const [name = "", modifier] = key.split("+").toReversed();
      if (modifier !== undefined) await page.keyboard.down(modifier as "Control");
      await page.keyboard.press(name as "Tab");
      if (modifier !== undefined) await page.keyboard.up(modifier as "Control");
    }
    await painted(page);
  };
  const focused = (page: Page) => page.evaluate(inPage.focused);
  /** Where a dialog comes or goes, the focus follows a little later. */
  const focusComes = (page: Page, wanted: RegExp) =>
    waitFor(async () => wanted.test(await focused(page)), { what: `the focus at ${wanted}` });
  /** Goes on with Tab until the focus is there; it must be seen all the way. */
  const tabTo = async (page: Page, wanted: RegExp) => {
    const way: string[] = [];
    for (let step = 0; step < 60; step++) {
      await press(page, "Tab");
      const now = await focused(page);
      way.push(now);
      const { isMarked } = await page.evaluate(inPage.focusShown);
      assert.ok(isMarked, `the focus is not seen at ${now}`);
      if (wanted.test(now)) return;
    }
    assert.fail(`Tab never came to ${wanted}: ${way.join("; ")}`);
  };
  const inSection = (section: Section, run: (server: FakeServer, page: Page) => Promise<void>) =>
    withPage(rig, {}, async (server, page) => {
      await openPlatform(server, page);
      await goTo(page, section);
      await page.evaluate(inPage.blur);
      await run(server, page);
    });

  await t.step(
    "the first stop skips to the content, without losing the section",
    () =>
      inSection("workspaces", async (_, page) => {
        await press(page, "Tab");
        await focusComes(page, /^a#skip Skip to the content$/);
        assert.ok((await page.evaluate(inPage.focusShown)).inSight);
        await press(page, "Enter");
        await focusComes(page, /^main#content/);
        assert.equal(await textOf(page, "h2"), "Workspaces");
        await press(page, "Tab");
        await focusComes(page, /^button All 500$/);
      }),
  );

  await t.step(
    "a table is one stop; arrows, Home, End and pages go through all of it",
    () =>
      inSection("workspaces", async (_, page) => {
        await tabTo(page, /main\.dev0\.project-0/);
        await press(page, "ArrowDown", "ArrowDown");
        const second = await focused(page);
        assert.match(second, /main\.dev1\.project-1/);
        await press(page, "ArrowUp");
        await focusComes(page, /main\.dev0\.project-400/);
        await press(page, "Control+End");
        await focusComes(page, /main\.dev399\.project-399/);
        assert.ok((await page.evaluate(inPage.focusShown)).inSight);
        await press(page, "ArrowDown", "PageUp", "PageUp", "PageDown");
        assert.ok((await page.evaluate(inPage.focusShown)).inSight);
        await press(page, "Control+Home");
        await focusComes(page, /main\.dev0\.project-0/);
        assert.equal(await page.evaluate(inPage.countStops, "tbody"), 1);
        await press(page, "Tab");
        assert.doesNotMatch(await focused(page), /main\.dev/, "Tab leaves the table");
      }),
  );

  await t.step(
    "what can be done with a row is to its right; Escape closes, and the focus is where it was",
    () =>
      inSection("controlplanes", async (_, page) => {
        await tabTo(page, /coder\/main/);
        await press(page, "ArrowDown", "ArrowRight");
        await focusComes(page, /Diagnose lab\/edge/);
        await press(page, "Enter");
        await until(page, ".causes", /cannot be pulled/);
        await focusComes(page, /sheet-title lab\/edge/);
        await press(page, "Escape");
        await focusComes(page, /lab\/edge/);
        await press(page, "ArrowLeft", "Enter");
        await focusComes(page, /sheet-title lab\/edge/);
        for (let step = 0; step < 8; step++) {
          await press(page, "Tab");
          const now = await focused(page);
          assert.doesNotMatch(now, /coder\/main|Overview/, "the focus stays in what is open");
        }
        await press(page, "Escape");
        await focusComes(page, /button lab\/edge/);
      }),
  );

  await t.step(
    "the focus stays at its row while rows come and go, and is not lost when the row is",
    () =>
      inSection("workspaces", async (server, page) => {
        await tabTo(page, /main\.dev0\.project-0/);
        await press(page, "ArrowDown", "ArrowDown", "ArrowDown");
        await focusComes(page, /project-401$/);
        const rows = Array.from(
          { length: 300 },
          (_, index) => ({ ...workspace(0), id: `n${index}`, name: `aaa-${index}` }),
        );
        server.send({ kind: "rows", section: "workspaces", rows, removed: [] } as WatchEvent);
        await until(page, ".chips", /All 800/);
        await focusComes(page, /project-401$/);
        await page.evaluate(inPage.scrollToY, 3_000);
        await painted(page);
        await focusComes(page, /project-401$/);
        server.send(
          { kind: "rows", section: "workspaces", rows: [], removed: ["w401"] } as unknown as WatchEvent,
        );
        await until(page, ".chips", /All 799/);
        await painted(page);
        await focusComes(page, /main\.dev2\.project-2$/);
      }),
  );

  await t.step(
    "filters, search, sorting and sections are reached, and worked with Enter and space",
    () =>
      inSection("workspaces", async (_, page) => {
        await tabTo(page, /button ■ ?failed/);
        await press(page, "Space");
        await until(page, ".found", /workspaces? found/);
        await press(page, "Space");
        await until(page, ".found", /^$/);
        await tabTo(page, /^input#search/);
        await page.keyboard.type("project-40");
        await until(page, ".found", /^11 workspaces found$/);
        await tabTo(page, /^button Name/);
        await press(page, "Enter");
        assert.equal(
          await page.evaluate(inPage.attribute, 'th[data-column="name"]', "aria-sort"),
          "descending",
        );
        await page.evaluate(inPage.blur);
        await tabTo(page, /^a Workers/);
        await press(page, "Enter");
        await until(page, "h2", /^Workers$/);
      }),
  );

  await t.step(
    "what is worth a look is opened from the overview, and the focus returns there",
    () =>
      withPage(rig, {}, async (server, page) => {
        await openPlatform(server, page);
        await tabTo(page, /^button lab\/edge/);
        await press(page, "Tab");
        await focusComes(page, /Diagnose lab\/edge/);
        await press(page, "Enter");
        await until(page, ".causes", /cannot be pulled/);
        await press(page, "Escape");
        await focusComes(page, /lab\/edge/);
      }),
  );
});

Deno.test("who listens hears what is new, and where they are", async (t) => {
  await using rig = await PageRig.start();
  await t.step("rows in sight are counted among all", () =>
    withPage(rig, {}, async (server, page) => {
      await openPlatform(server, page);
      await goTo(page, "workspaces");
      await page.evaluate(inPage.scrollToY, 5_000);
      await painted(page);
      const rows = await page.evaluate(inPage.attributes, "tbody tr", "aria-rowindex");
      const numbers = rows.map(Number);
      assert.ok(numbers.length < 80 && (numbers[0] ?? 0) > 50, `${numbers[0]}, ${numbers.length} rows`);
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => (numbers[0] ?? 0) + index),
        "in order, without a gap",
      );
      assert.equal(await page.evaluate(inPage.attribute, "table", "aria-rowcount"), "501");
      assert.equal(await page.evaluate(inPage.attribute, "table", "aria-labelledby"), "title");
    }));
  await t.step("changes of counts are said, politely", () =>
    withPage(rig, {}, async (server, page) => {
      await openPlatform(server, page);
      await goTo(page, "workspaces");
      assert.equal(await page.evaluate(inPage.attribute, "#announcer", "role"), "status");
      server.send(
        {
          kind: "rows",
          section: "workspaces",
          rows: [{ ...workspace(0), state: "canceling" }],
          removed: [],
        } as WatchEvent,
      );
      await page.waitForFunction(inPage.saysAll, {}, "#announcer", "Workspaces:", "1 canceling");
    }));
  await t.step(
    "times are elements, with the whole of the time",
    () =>
      withPage(rig, {}, async (server, page) => {
        await openPlatform(server, page);
        await goTo(page, "builds");
        const [title] = await page.evaluate(inPage.attributes, "tbody time[datetime]", "title");
        assert.match(title ?? "", /\d{4}.*UTC$/);
      }),
  );
  await t.step(
    "with colours forced, states and choices are still told apart",
    () =>
      withPage(rig, {}, async (server, page) => {
        const session = await page.createCDPSession();
        await session.send("Emulation.setEmulatedMedia", {
          features: [{ name: "forced-colors", value: "active" }],
        });
        await openPlatform(server, page);
        await goTo(page, "workspaces");
        assert.match(await textOf(page, "tbody .state .state"), /^● ?running$/, "signs, not colours alone");
        assert.ok(await page.evaluate(inPage.hasOutline, '.chip[aria-pressed="true"]'));
        await session.detach();
      }),
  );
  await t.step("who wants no motion sees none", () =>
    withPage(rig, {}, async (server, page) => {
      await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
      await openPlatform(server, page);
      await goTo(page, "workspaces");
      server.send(
        {
          kind: "rows",
          section: "workspaces",
          rows: [{ ...workspace(0), state: "stopping" }],
          removed: [],
        } as WatchEvent,
      );
      await until(page, "tbody", /stopping/);
      assert.equal(await page.evaluate(inPage.animations), 0);
    }));
});
