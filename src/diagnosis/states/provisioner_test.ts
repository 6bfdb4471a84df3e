import assert from "node:assert/strict";
import {
  absent,
  ago,
  daemon,
  facts,
  offline,
  provisioner,
  seen,
  unread,
} from "../rules/provisioners/testing.ts";
import { provisionerState } from "./provisioner.ts";

Deno.test("a state says how many pods and daemons there are, and what they do", () => {
  const many = facts({
    provisioner: seen(provisioner({ spec: { replicas: 3, tags: {} }, status: { readyReplicas: 2 } })),
    daemons: seen([
      daemon(),
      daemon({ name: "b", status: "busy" }),
      daemon({ name: "c", status: "offline" }),
    ]),
  });
  assert.deepEqual(provisionerState(many, []), {
    state: "2 of 3 pods are ready; 2 daemons (1 idle, 1 busy) are connected, with no tags.",
    isWell: true,
  });
  assert.deepEqual(provisionerState(offline(), []), {
    state: "1 of 1 pods are ready, and no daemon is connected to Coder.",
    isWell: false,
  });
  for (const changes of [{ daemons: unread }, { daemons: seen([]), keys: unread }]) {
    assert.deepEqual(provisionerState(facts(changes), []), {
      state: "1 of 1 pods are ready; whether daemons are connected was not seen.",
      isWell: true,
    });
  }
});

Deno.test("one that is not ready says what its operator says", () => {
  const object = provisioner({ refused: { Ready: ["KeyAwaited", "The pods wait for the key"] } });
  assert.deepEqual(provisionerState(facts({ provisioner: seen(object) }), []), {
    state: "It is not ready: The pods wait for the key. 1 of 1 pods are ready.",
    isWell: false,
  });
});

Deno.test("one that autoscaling lets be is well, and one whose pods are not counted says what is ready", () => {
  const object = seen(provisioner({ spec: { autoscale: { minReplicas: 0, maxReplicas: 3 } } }));
  const zero = facts({ provisioner: object, deployment: seen({ spec: { replicas: 0 } } as never) });
  assert.deepEqual(provisionerState(zero, []), {
    state: "It is scaled to zero: no pod is wanted, for there is no work and spec.autoscale lets it be.",
    isWell: true,
  });
  assert.match(
    provisionerState(facts({ provisioner: object, deployment: unread }), []).state,
    /^1 pods are ready; /,
  );
});

Deno.test("one that is new, on its way out, or was not read is not well", () => {
  const state = (object: unknown) => provisionerState(facts({ provisioner: seen(object) as never }), []);
  assert.deepEqual(state(provisioner({ metadata: { deletionTimestamp: ago(60) } })), {
    state: `It is being deleted since ${ago(60)}.`,
    isWell: false,
  });
  assert.deepEqual(state(provisioner({ status: { conditions: [] } })), {
    state: "It is new: the operator has not looked at it yet.",
    isWell: false,
  });
  assert.equal(provisionerState(facts({ provisioner: absent }), []).isWell, false);
});
