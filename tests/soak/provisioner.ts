/** `deno task soak provisioner`. */
import { provisionerHistory } from "../model/provisioner_history.ts";
import { runHistories } from "./histories.ts";
import type { AreaOptions, Report } from "./report.ts";

export const run = (options: AreaOptions): Promise<Report> =>
  runHistories("provisioner", provisionerHistory, options);
