/** Readers of what Coder says, into facts. */
export { readAgentLog } from "./agent.ts";
export { readBuild } from "./build.ts";
export { readBuildInfo } from "./build_info.ts";
export { readDaemons } from "./daemons.ts";
export { readEntitlements, readExpiries } from "./entitlements.ts";
export { readJobs } from "./job.ts";
export { readKeys } from "./keys.ts";
export { readBuildLog } from "./log.ts";
export { readProxies } from "./proxies.ts";
export { readQuota } from "./quota.ts";
export { readVersion } from "./template.ts";
