/** The part of a control plane's life that a real Coder takes part in: the operator's token comes, changes and goes. */
import { waitFor } from "../cluster/mod.ts";
import type { Coderd } from "../coder/mod.ts";
import { becomes, furtherChildren } from "./life_children.ts";
import type { Scene } from "./scene.ts";

/** Its Coder is to be given to the operator by `--control-plane-endpoint`. */
export const VISITED = "visited";

/** A token that is made, lost, renewed, given up, made anew, and revoked at the end. */
export async function visits(scene: Scene, coderd: Coderd): Promise<void> {
  const { cluster } = scene;
  const { token: secret } = furtherChildren(scene, VISITED);
  await cluster.request("POST", scene.path("secrets"), {
    metadata: { name: "database" },
    data: { url: btoa(coderd.databaseUrl) },
  });
  const token = async () => atob((await cluster.find(secret))?.data?.token ?? "");
  const works = async (token: string) =>
    (await coderd.send("GET", "/api/v2/users/me", { token })).status === 200;
  const another = async (before: string, what: string) =>
    await waitFor(async () => {
      const now = await token();
      return now !== before && await works(now) ? now : undefined;
    }, { what, timeoutMs: 60_000 });
  await scene.create(VISITED, {
    extraEnv: [{
      name: "CODER_PG_CONNECTION_URL",
      valueFrom: { secretKeyRef: { name: "database", key: "url" } },
    }],
  });
  const first = await another("", "a token");
  await scene.condition(VISITED, "OperatorAccess", "True");
  await cluster.request("DELETE", secret);
  const second = await another(first, "a token after the loss of the Secret");
  await scene.condition(VISITED, "OperatorAccess", "True");
  await coderd.sql(
    "update api_keys set created_at = created_at - interval '21 days', last_used = now() where id = :'id'",
    { params: { id: second.slice(0, 10) } },
  );
  await scene.change(VISITED, { spec: { extraArgs: ["--verbose"] } });
  await another(second, "a token that is renewed");
  await scene.change(VISITED, { spec: { operatorAccess: { disabled: true } } });
  await becomes(scene, secret, "gone");
  await scene.condition(VISITED, "OperatorAccess", "False", "Disabled");
  await scene.change(VISITED, { spec: { operatorAccess: { disabled: false } } });
  const last = await another("", "access that is switched on again");
  await scene.condition(VISITED, "OperatorAccess", "True");
  await scene.removed(VISITED);
  await becomes(scene, secret, "gone");
  if (await works(last)) throw new Error("the token outlives its control plane");
}
