/** A real Chromium for tests of the page: Debian's package, driven over the DevTools protocol. */
import puppeteer, { type Browser, type Page } from "npm:puppeteer-core@25.16.0";
import { ensureDebianProgram } from "../cluster/debian_package.ts";

export type { Browser, Page };

/** Its path. @throws {ToolsError} one line that says how to get it */
export function ensureChromium(): Promise<string> {
  return ensureDebianProgram({
    program: "chromium",
    package: "chromium",
    need: "which tests of the page need",
  });
}

/** A browser of its own, closed and removed with its profile at the end. */
export async function startChromium(): Promise<Browser & AsyncDisposable> {
  const executablePath = await ensureChromium();
  return await puppeteer.launch({
    executablePath,
    headless: true,
    // Starved machines start it slowly.
    timeout: 120_000,
    protocolTimeout: 300_000,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    args: [
      // Root has no sandbox; what is loaded is our own page alone.
      ...(Deno.uid() === 0 ? ["--no-sandbox"] : []),
      "--disable-dev-shm-usage",
      "--disable-gpu",
      "--lang=en",
      // Letters look the same everywhere, and pictures are smaller.
      "--disable-lcd-text",
    ],
    env: { ...Deno.env.toObject(), TZ: "UTC", LC_ALL: "C.UTF-8" },
  });
}
