import assert from "node:assert/strict";
import { KubeConfigError } from "../kube/config/connection.ts";
import { KubeApiError, KubeConnectionError } from "../kube/errors.ts";
import { failureText } from "./failure.ts";
import { refusal } from "./testing.ts";
import { PluginError } from "./world.ts";

const said = (error: unknown, verb = "list", name?: string) =>
  failureText(error, { verb, name, namespace: "coder" });

Deno.test("a group that nobody serves is not an object that is not there", () => {
  const call = { method: "GET", path: "/apis/x" };
  const text = new KubeApiError(404, "", "GET coderworkspaces: HTTP 404: 404 page not found", call);
  assert.match(
    said(text),
    /does not serve Coder's workspaces: .*v1alpha1\.aggregation\.coder\.com is not installed.*coder-k8s install/,
  );
  assert.match(
    said(refusal(404, "NotFound", "the server could not find the requested resource")),
    /not installed/,
  );
  assert.equal(
    said(refusal(404, "NotFound", 'coderworkspaces "x" not found'), "log", "x"),
    'there is no x in namespace coder: coderworkspaces "x" not found',
  );
});

Deno.test("a server that is away is told apart from a Coder that is", () => {
  const gone = /coder-k8s, which serves workspaces, does not answer.*kubectl get apiservice/;
  assert.match(said(refusal(503, "", "service unavailable")), gone);
  assert.match(said(refusal(503, "ServiceUnavailable", "no endpoints available for service")), gone);
  const away = "the Coder of coder/coder cannot be reached now";
  assert.equal(said(refusal(503, "ServiceUnavailable", away, 4_600)), `${away}. Try again in 5 s`);
  assert.equal(said(refusal(503, "ServiceUnavailable", away)), away);
  assert.equal(
    said(refusal(429, "TooManyRequests", "slow down", 1)),
    "too many requests: slow down. Try again in 1 s",
  );
});

Deno.test("missing rights name the role that has them", () => {
  const error = refusal(403, "Forbidden", "User cannot patch");
  assert.match(
    said(error, "start", "dev"),
    /^you may not start dev in namespace coder: User cannot patch\. .*workspaces-edit/,
  );
  assert.match(said(error), /^you may not list workspaces in namespace coder: .*workspaces-view/);
  assert.match(said(refusal(401, "Unauthorized", "no")), /does not know who you are/);
});

Deno.test("other refusals are told in the server's words, with what was tried", () => {
  assert.equal(
    said(refusal(422, "Invalid", "spec.running: no"), "start", "dev"),
    "cannot start dev in namespace coder: spec.running: no",
  );
  assert.equal(said(new PluginError("several.")), "several");
  assert.match(said(new KubeConfigError("No kubeconfig found.")), /^No kubeconfig found$/);
});

Deno.test("no connection, and no answer in time", () => {
  const call = { method: "GET", path: "/x" };
  assert.match(said(new KubeConnectionError("GET x: refused", call)), /^GET x: refused\. Is the kubeconfig/);
  assert.match(
    said(new KubeConnectionError("late", call, { timedOut: true })),
    /no answer .*GET \/x.*--request-timeout/,
  );
});

Deno.test("a mistake of ours is not made a sentence of", () => {
  assert.throws(() => said(new TypeError("undefined is not a function")), TypeError);
});
