/** The page in a real Chromium, in front of a server that is played. */
import assert from "node:assert/strict";
import { type Browser, type Page, startChromium } from "./chromium.ts";
import * as inPage from "./in_page.js";
import { FakeServer, type FakeServerOptions } from "./fake_server.ts";

/** Waits may be long on a starved machine; they end when the condition is there. */
export const PATIENCE_MS = 60_000;

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** What the page did that it must not: violations of its policy, errors, failed loads. */
  readonly faults: () => Promise<string[]>;
}

/** A browser for the steps of one test. */
export class PageRig implements AsyncDisposable {
  readonly #browser: Browser & AsyncDisposable;

  constructor(browser: Browser & AsyncDisposable) {
    this.#browser = browser;
  }

  static async start(): Promise<PageRig> {
    return new PageRig(await startChromium());
  }

  /** A page with nothing of the others: storage of its own. Nothing is loaded yet. */
  async open({ width = 1_280, height = 800, timezone = "UTC" } = {}): Promise<OpenPage> {
    const context = await this.#browser.createBrowserContext();
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.setViewport({ width, height });
    await page.emulateTimezone(timezone);
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(`error: ${error}`));
    page.on("console", (message) => {
      // What a server refuses is said by the browser; tests that refuse do it on purpose.
      const isRefusal = /Failed to load resource|blocked by CORS policy/.test(message.text());
      if (message.type() === "error" && !isRefusal) faults.push(`console: ${message.text()}`);
    });
    await page.evaluateOnNewDocument(inPage.watchPolicy);
    return {
      page,
      faults: async () => [...faults, ...await page.evaluate(inPage.policyFaults)],
      [Symbol.asyncDispose]: () => context.close(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** Runs one step: a server, a page that has loaded nothing, and at the end no fault. */
export async function withPage(
  rig: PageRig,
  options: FakeServerOptions & { readonly width?: number; readonly height?: number },
  run: (server: FakeServer, page: Page) => Promise<void>,
): Promise<void> {
  await using server = new FakeServer(options);
  await using open = await rig.open(options);
  await run(server, open.page);
  assert.deepEqual(await open.faults(), []);
}

/** What somebody sees of the first such element, on one line; empty: there is none. */
export async function textOf(page: Page, selector: string): Promise<string> {
  return await page.evaluate(inPage.seen, selector);
}

/** The same of all of them. */
export async function textsOf(page: Page, selector: string): Promise<string[]> {
  return await page.evaluate(inPage.seenAll, selector);
}

/** Waits until the text of the first such element matches. */
export async function until(page: Page, selector: string, pattern: RegExp): Promise<void> {
  const patience = { timeout: PATIENCE_MS };
  await page.waitForFunction(inPage.matches, patience, selector, pattern.source, pattern.flags)
    .catch(async (error) => {
      throw new Error(`${selector} never matched ${pattern}; it is: ${await textOf(page, selector)}`, {
        cause: error,
      });
    });
}

/** Waits until the last section of the platform has all its rows: then all of them do. */
export async function untilAllRows(page: Page): Promise<void> {
  await page.waitForFunction(inPage.isCounted, { timeout: PATIENCE_MS }, "calls");
  await painted(page);
}

/** Closes what is open above the page. */
export async function escape(page: Page): Promise<void> {
  await page.keyboard.press("Escape");
  await page.waitForFunction(inPage.isPresent, { timeout: PATIENCE_MS }, "dialog[open]", false);
  await painted(page);
}

/** Gives a token, as a person does who is asked for one. */
export async function signIn(page: Page, token: string): Promise<void> {
  await page.waitForSelector("#token", { visible: true });
  await page.type("#token", token);
  await page.keyboard.press("Enter");
}

/** What was asked to be painted is. */
export async function painted(page: Page): Promise<void> {
  await page.evaluate(inPage.twoFrames);
}

/** Shows a section by its link, as a person does. */
export async function goTo(page: Page, section: string): Promise<void> {
  const link = `#sections a[href="#${section}"]`;
  await page.waitForSelector(link);
  await page.evaluate(inPage.clickOn, link);
  await page.waitForFunction(inPage.isAt, { timeout: PATIENCE_MS }, section);
  await painted(page);
}
