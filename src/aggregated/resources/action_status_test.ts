import assert from "node:assert/strict";
import { ActionError } from "../../actions/mod.ts";
import { CoderTemplates } from "../../api/template.ts";
import { CoderApiError, CoderConnectionError } from "../../inventory/mod.ts";
import { KubeConnectionError } from "../../kube/errors.ts";
import { badRequest, StatusError } from "../serving/status_errors.ts";
import { StaleError } from "../writing/target.ts";
import { actionStatus, writeStatus } from "./action_status.ts";
import { templateField } from "./template_change.ts";

const asked = { type: CoderTemplates, name: "acme.docker", coder: "team/coder", isAway: false };
const call = { method: "PATCH", route: "/api/v2/templates/{template}" };
const told = (error: unknown, more: object = {}) => {
  const status = actionStatus(error, { ...asked, ...more });
  assert.ok(status instanceof StatusError, String(status));
  return status;
};

Deno.test("refusals of actions have the codes of Kubernetes, and name the object and its fields", () => {
  const of = (
    reason: "exists" | "missing" | "conflict" | "invalid",
    causes: { field: string; message: string }[],
  ) => {
    const { code, reason: why, details } = told(new ActionError(reason, "words", causes));
    return [code, why, details?.causes?.map(({ field }) => field)];
  };
  assert.deepEqual(of("exists", []), [409, "AlreadyExists", undefined]);
  assert.deepEqual(of("missing", []), [404, "NotFound", undefined]);
  assert.deepEqual(of("conflict", []), [409, "Conflict", undefined]);
  assert.deepEqual(of("invalid", []), [400, "BadRequest", undefined]);
  const causes = [{ field: "files", message: "are bad" }];
  assert.deepEqual(of("invalid", causes), [422, "Invalid", ["spec.files"]]);
  const named = told(new ActionError("invalid", "words", causes), {
    fieldOf: (field: string) => `there.${field}`,
  });
  assert.equal(named.details?.causes?.[0]?.field, "there.files");
});

Deno.test("what is for the writer, or for the caller already, is passed on", () => {
  for (const error of [new StaleError("x"), badRequest("x"), new DOMException("x", "AbortError")]) {
    assert.equal(actionStatus(error, { ...asked, isAway: true }), error);
  }
});

Deno.test("a Coder that is away is a 503, and a mistake of ours a 500 that tells nothing", () => {
  const away = new CoderConnectionError("no", {
    kind: "unavailable",
    reason: "timeout",
    call,
    maybeSent: true,
  });
  assert.equal(told(away).code, 504);
  const odd = new Error("token of http://10.0.0.1 cannot be read");
  const { code, message } = told(odd, { isAway: true });
  assert.deepEqual([code, /10\.0\.0\.1/.test(message)], [503, false]);
  const mistake = told(odd);
  assert.deepEqual([mistake.code, /10\.0\.0\.1/.test(mistake.message)], [500, false]);
});

Deno.test("fields of Coder are named as in the object, and what is kept in the cluster is not blamed on Coder", () => {
  const refused = new CoderApiError(
    "no",
    {
      kind: "invalid",
      call,
      status: 400,
      message: "Invalid.",
      validations: [{ field: "display_name", detail: "is bad" }, { field: "", detail: "odd" }],
    } as ConstructorParameters<typeof CoderApiError>[1],
  );
  const status = writeStatus(refused, { ...asked, fieldOf: templateField });
  assert.ok(status instanceof StatusError);
  assert.deepEqual([status.code, status.details?.causes?.map(({ field }) => field ?? "")], [422, [
    "spec.displayName",
    "",
  ]]);
  const plain = writeStatus(new CoderApiError("no", { kind: "notFound", call, status: 404 }), {
    ...asked,
    fieldOf: templateField,
  });
  assert.ok(plain instanceof StatusError && plain.code === 404);
  const cluster = writeStatus(new KubeConnectionError("broke", { method: "PUT", path: "/x" }), {
    ...asked,
    fieldOf: templateField,
  });
  assert.ok(cluster instanceof StatusError && cluster.code === 503);
  assert.doesNotMatch(cluster.message, /Coder of/);
});
