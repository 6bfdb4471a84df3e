import assert from "node:assert/strict";
import { coder, converted } from "./testing.ts";

Deno.test("repository and tag are one image", () => {
  assert.equal(coder("{image: {tag: v2.1.0}}").spec.image, "ghcr.io/coder/coder:v2.1.0");
  assert.equal(
    coder("{image: {repo: example.com/c, tag: a@sha256:00}}").spec.image,
    "example.com/c:a@sha256:00",
  );
});

Deno.test("without a tag the chart's version counts, and without that somebody has to look", () => {
  assert.deepEqual(converted("").spec.image, "ghcr.io/coder/coder:v2.30.0");
  assert.equal(converted("", { chartVersion: "v2.30.1" }).spec.image, "ghcr.io/coder/coder:v2.30.1");
  const { spec, said } = converted("", { chartVersion: undefined });
  assert.equal(spec.image, "ghcr.io/coder/coder:latest");
  assert.match(said.join(), /^coder\.image\.tag: is not set: .*--chart-version/);
});

Deno.test("a pull policy is told only where Kubernetes would choose another one", () => {
  for (
    const values of [
      "{image: {tag: v1, pullPolicy: IfNotPresent}}",
      "{image: {tag: latest, pullPolicy: Always}}",
    ]
  ) {
    assert.deepEqual(coder(values).said, [], values);
  }
  assert.deepEqual(coder("{image: {tag: latest}}").said, [], "the chart's default is no wish");
  assert.match(
    coder("{image: {tag: v1, pullPolicy: Always}}").said.join(),
    /^coder\.image\.pullPolicy: Always cannot/,
  );
  assert.match(coder("{image: {tag: latest, pullPolicy: Never}}").said.join(), /Kubernetes chooses Always/);
});

Deno.test("pull secrets are named", () => {
  assert.deepEqual(coder("{image: {pullSecrets: [{name: a}, {name: b}]}}").spec.imagePullSecrets, [{
    name: "a",
  }, {
    name: "b",
  }]);
});
