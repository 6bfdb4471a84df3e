/** What people watch, with 10,000 workspaces: the page in a real Chromium. */
import type { Report } from "./report.ts";
import { ToldRows } from "./told_rows.ts";
import { measurePage } from "./ui/page.ts";

/** Measures; needs Chromium (Debian's package is installed where that may be done). */
export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  await measurePage(rows);
  return { area: "ui", rows: rows.list };
}
