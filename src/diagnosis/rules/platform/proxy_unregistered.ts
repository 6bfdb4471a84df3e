/** The proxy is known to Coder, and none of its pods has ever called. */
import { workspaceProxyName } from "../../../workload/names.ts";
import { kubectl } from "../../pods/steps.ts";
import { proxyHealthRule } from "./proxy_health.ts";

/** See the file's head. */
export const proxyUnregistered = proxyHealthRule({
  id: "proxy-unregistered",
  status: "unregistered",
  reason: "WaitingForProxy",
  docs: {
    title: "No pod of the proxy has called Coder",
    symptom: "Coder shows the proxy as never connected.",
    cause: "Its pods do not run, or do not reach Coder at CODER_PRIMARY_ACCESS_URL.",
    evidence: "Coder's list of proxies.",
    remedy: "Bring its pods up; make Coder's address reachable from them.",
  },
  cause: ({ about }) => `No pod of ${about} has called Coder since it was registered.`,
  next: ({ namespace, name }) => [{
    text: "Read what the proxy says.",
    command: kubectl(namespace, "logs", `deployment/${workspaceProxyName(name)}`, "--tail=100"),
  }],
});
