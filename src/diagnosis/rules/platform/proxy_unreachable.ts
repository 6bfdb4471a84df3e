/** Coder does not reach the proxy at its address. */
import { proxyHealthRule } from "./proxy_health.ts";

/** See the file's head. */
export const proxyUnreachable = proxyHealthRule({
  id: "proxy-unreachable",
  status: "unreachable",
  reason: "Unreachable",
  docs: {
    title: "Coder does not reach the proxy",
    symptom: "Coder shows the proxy as unreachable, and nobody can choose it.",
    cause:
      "Its access URL does not lead to it from Coder: DNS, certificate, Ingress or firewall are in between.",
    evidence: "What Coder found when it called the proxy, and when.",
    remedy: "Make the access URL reachable from Coder's pods, with a certificate that they trust.",
  },
  cause: ({ about }, words, url) =>
    `Coder does not reach ${about}${url === "" ? "" : ` at ${url}`}${words === "" ? "." : `: ${words}`}`,
  next: (_, url) =>
    url === "" ? [] : [{
      text: "Ask it as Coder does, from where Coder runs.",
      command: `curl -sS ${url.replace(/\/$/, "")}/healthz-report`,
    }],
});
