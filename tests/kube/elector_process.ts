/**
 * A candidate in a process of its own, to be killed: prints one JSON line for all that happens to it. Arguments:
 * kubeconfig, namespace, name of the lease, identity, and times other than the default ones as JSON.
 */
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { runLeaderElection } from "../../src/kube/lease/leader_election.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";

/** One line of its output. */
export interface ElectorLine {
  what: "started" | "stopped" | "leader";
  /** Who leads, for `leader`. */
  leader?: string;
}

if (import.meta.main) {
  const [kubeconfig = "", namespace = "", name = "", identity = "", times = "{}"] = Deno.args;
  const print = (line: ElectorLine) =>
    void Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  const client = createRestClient({ connection: loadKubeConfig({ kubeconfig }) });
  const end = new AbortController();
  Deno.addSignalListener("SIGTERM", () => end.abort());
  await runLeaderElection({
    client,
    namespace,
    name,
    identity,
    signal: end.signal,
    ...JSON.parse(times),
    onStartedLeading: () => print({ what: "started" }),
    onStoppedLeading: () => print({ what: "stopped" }),
    onNewLeader: (leader) => print({ what: "leader", leader }),
  });
  client.close();
  Deno.exit(0);
}
