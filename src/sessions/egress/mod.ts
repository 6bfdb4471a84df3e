/** How sessions reach what is outside: by the worker's proxy and its package mirror, and by nothing else. */
export { egressEnvironment, MIRROR_PORT, PROXY_PORT } from "./environment.ts";
export { openPackageMirror, type PackageMirror, type PackageMirrorOptions } from "./mirror.ts";
export { type EgressProxy, type EgressProxyOptions, openEgressProxy } from "./proxy.ts";
export { findRegistries, type Registries } from "./registries.ts";
export { parseEgressRules } from "./rules.ts";
