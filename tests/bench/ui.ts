/** What people watch, with 10,000 workspaces: what the product tells, and the page in a real Chromium. */
import type { Report } from "./report.ts";
import { ToldRows } from "./told_rows.ts";
import { measurePage } from "./ui/page.ts";
import { measureServer } from "./ui/server.ts";

/** Measures; needs the compiled binary, and Chromium (Debian's package is installed where that may be done). */
export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  await measureServer(rows);
  await measurePage(rows);
  return { area: "ui", rows: rows.list };
}
