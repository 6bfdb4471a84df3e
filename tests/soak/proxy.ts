/** `deno task soak proxy`. */
import { proxyHistory } from "../model/proxy_history.ts";
import { runHistories } from "./histories.ts";
import type { AreaOptions, Report } from "./report.ts";

export const run = (options: AreaOptions): Promise<Report> => runHistories("proxy", proxyHistory, options);
