/** What sessions are told of the worker's proxy and package mirror. */

/** Ports of their own loopback, unless something else is wanted. */
export const PROXY_PORT = 3128;
export const MIRROR_PORT = 3129;

/** Variables for pip, uv, npm, pnpm, yarn, curl, git and others. Without a port, that one is not there. */
export function egressEnvironment(
  ports: { readonly proxyPort?: number | undefined; readonly mirrorPort?: number | undefined },
): Record<string, string> {
  const environment: Record<string, string> = {};
  if (ports.proxyPort !== undefined) {
    const proxy = `http://127.0.0.1:${ports.proxyPort}`;
    const direct = "localhost,127.0.0.1,::1";
    // Programs disagree on how these are written, curl for one takes HTTP_PROXY in lower case alone.
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY"]) {
      environment[name] = environment[name.toLowerCase()] = proxy;
    }
    environment["NO_PROXY"] = environment["no_proxy"] = direct;
    environment["NODE_USE_ENV_PROXY"] = "1";
  }
  if (ports.mirrorPort !== undefined) {
    const mirror = `http://127.0.0.1:${ports.mirrorPort}`;
    Object.assign(environment, {
      PIP_INDEX_URL: `${mirror}/pypi/simple/`,
      PIP_TRUSTED_HOST: `127.0.0.1:${ports.mirrorPort}`,
      PIP_DISABLE_PIP_VERSION_CHECK: "1",
      // The worker keeps the files already; another copy would come out of the session's disk.
      PIP_NO_CACHE_DIR: "1",
      UV_DEFAULT_INDEX: `${mirror}/pypi/simple/`,
      npm_config_registry: `${mirror}/npm/`,
      npm_config_audit: "false",
      npm_config_fund: "false",
      npm_config_update_notifier: "false",
      COREPACK_NPM_REGISTRY: `${mirror}/npm`,
      YARN_NPM_REGISTRY_SERVER: `${mirror}/npm`,
      YARN_UNSAFE_HTTP_WHITELIST: "127.0.0.1",
    });
  }
  return environment;
}
