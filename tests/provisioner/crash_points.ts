/** Ends an operator in the middle of one of its writes, to Kubernetes or to Coder: before it is sent, or after it was done. */
import type { CoderClient, Deployments } from "../../src/coder/mod.ts";
import { createApplier } from "../../src/kube/apply/server_side_apply.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { OperatorParts, RunningOperator, StartControllers } from "../operator/controllers.ts";

const WRITES: readonly string[] = ["create", "update", "patch", "delete"] satisfies (keyof KubeClient)[];
const CALLS: readonly string[] = ["createKey", "deleteKey"] satisfies (keyof CoderClient["provisioners"])[];

/** Where it is to end: at the first such write. */
export interface CrashPlan {
  /** Such as `update CoderProvisioner status` and `deleteKey`. */
  readonly write: string;
  /** Only writes after the first one of this kind count. @default {all} */
  readonly after?: string;
  /** The write is done, and nobody gets the answer. @default {false} */
  readonly done?: boolean;
}

/** See the file's head. */
export class CrashPoint {
  readonly #reached = Promise.withResolvers<void>();
  readonly #crashed = Promise.withResolvers<never>();
  #armed: CrashPlan | undefined;
  #counts = false;
  #over = false;

  /** It has stopped there. From then on nothing is written any more: crash the operator now. */
  readonly reached: Promise<void> = this.#reached.promise;

  constructor() {
    this.#crashed.promise.catch(() => {});
  }

  /** From now on writes are looked at. */
  arm(plan: CrashPlan): void {
    this.#armed = plan;
    this.#counts = plan.after === undefined;
  }

  /** The controllers, with writes that stop here. */
  around(start: StartControllers): StartControllers {
    return (parts) => {
      const client = this.#client(parts.client);
      const { cache, log } = parts;
      const applier = createApplier({ client, cache, log });
      const changed: OperatorParts = {
        ...parts,
        client,
        applier,
        deployments: this.#deployments(parts.deployments),
      };
      return start(changed);
    };
  }

  /** Ends the operator, wherever it is. */
  async crash(operator: RunningOperator): Promise<void> {
    const end = operator.crash();
    // What waited for an answer has lost its signal by now, and does nothing more.
    this.#crashed.reject(new Error("the operator has crashed"));
    await end;
  }

  #client(client: KubeClient): KubeClient {
    return intercepted(client, WRITES, (verb, call, [type, , ...rest]) => {
      const { subresource } = rest.find((each) => each?.subresource !== undefined) ?? {};
      return this.#write(
        [verb, type.kind, ...(subresource === undefined ? [] : [subresource])].join(" "),
        call,
      );
    });
  }

  #deployments(deployments: Deployments): Deployments {
    const client: Deployments["client"] = (...given) => {
      const coder = deployments.client(...given);
      const provisioners = intercepted(coder.provisioners, CALLS, (name, call) => this.#write(name, call));
      return replaced(coder, "provisioners", provisioners);
    };
    return replaced(deployments, "client", client);
  }

  async #write<T>(what: string, call: () => Promise<T>): Promise<T> {
    if (this.#over) return await this.#crashed.promise;
    const { after, done = false, write } = this.#armed ?? {};
    const isHere = this.#counts && what === write;
    if (what === after) this.#counts = true;
    if (!isHere) return await call();
    this.#over = true;
    try {
      if (done) await call();
    } finally {
      this.#reached.resolve();
    }
    return await this.#crashed.promise;
  }
}

function intercepted<T extends object>(
  target: T,
  names: readonly string[],
  // deno-lint-ignore no-explicit-any -- methods of any kind
  around: (name: string, call: () => Promise<any>, given: any[]) => Promise<unknown>,
): T {
  return new Proxy(target, {
    get(object, name) {
      const value = Reflect.get(object, name);
      if (typeof value !== "function") return value;
      if (!names.includes(String(name))) return value.bind(object);
      return (...given: unknown[]) => around(String(name), () => value.apply(object, given), given);
    },
  });
}

function replaced<T extends object, K extends keyof T>(target: T, field: K, value: T[K]): T {
  return new Proxy(target, {
    get(object, name) {
      if (name === field) return value;
      const own = Reflect.get(object, name);
      return typeof own === "function" ? own.bind(object) : own;
    },
  });
}
