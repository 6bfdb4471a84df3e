/** Coder reaches the proxy, and finds fault with it. */
import { proxyHealthRule } from "./proxy_health.ts";

/** See the file's head. */
export const proxyUnhealthy = proxyHealthRule({
  id: "proxy-unhealthy",
  status: "unhealthy",
  reason: "Unhealthy",
  docs: {
    title: "Coder finds fault with the proxy",
    symptom: "Coder shows the proxy as unhealthy.",
    cause: "The proxy itself reports errors: it cannot reach Coder, or its relay does not work.",
    evidence: "The proxy's report, as Coder has it.",
    remedy: "Mend what the report names.",
  },
  cause: ({ about }, words) => `Coder finds fault with ${about}${words === "" ? "." : `: ${words}`}`,
  next: (_, url) =>
    url === "" ? [] : [{
      text: "Read its own report.",
      command: `curl -sS ${url.replace(/\/$/, "")}/healthz-report`,
    }],
});
