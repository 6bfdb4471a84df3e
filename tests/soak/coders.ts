/** Real coderds on one real PostgreSQL, behind the control planes of a soak run. */
import { operatorTokenName } from "../../src/workload/names.ts";
import { type Coderd, type Postgres, startCoderd, startPostgres } from "../coder/mod.ts";

/** The operator's user, in each of them. */
export const OPERATOR = "coder-k8s-operator";

/** One token of the operator in a database. */
export interface Key {
  readonly id: string;
  readonly name: string;
  /** Which coderd's database it is in. */
  readonly coder: number;
}

/** See {@linkcode startCoders}. */
export class Coders implements AsyncDisposable {
  constructor(
    readonly postgres: Postgres,
    readonly coderds: readonly Coderd[],
    /** Names of control planes; neighbours in this list have different Coders. */
    readonly planes: readonly string[],
  ) {}

  /** The Coder behind a control plane. Several share one. */
  of(plane: string): Coderd {
    const coderd = this.coderds[this.indexOf(plane)];
    if (coderd === undefined) throw new Error(`there is no Coder behind ${plane}`);
    return coderd;
  }

  indexOf(plane: string): number {
    return this.planes.indexOf(plane) % this.coderds.length;
  }

  /** Flags that lead an operator to them. */
  flags(namespace: string): string[] {
    return this.planes.map((plane) => `--control-plane-endpoint=${namespace}/${plane}=${this.of(plane).url}`);
  }

  /** The tokens that the operator may have for a control plane. */
  tokenNames(namespace: string, plane: string): [string, string] {
    const first = operatorTokenName(namespace, plane);
    return [first, `${first}-b`];
  }

  /** Takes the operator's tokens for a control plane away, as an administrator of Coder might. */
  async revoke(namespace: string, plane: string): Promise<void> {
    const [first, second] = this.tokenNames(namespace, plane);
    await this.of(plane).sql("delete from api_keys where token_name in (:'first', :'second')", {
      params: { first, second },
    });
  }

  /** Every token of the operator's user. */
  async keys(): Promise<Key[]> {
    const lists = await Promise.all(this.coderds.map(async (coderd, coder) => {
      const rows = await coderd.sql(
        "select k.id, k.token_name from api_keys k join users u on u.id = k.user_id where u.username = :'user'",
        { params: { user: OPERATOR } },
      );
      return rows.map(({ id, token_name }) => ({ id: id ?? "", name: token_name ?? "", coder }));
    }));
    return lists.flat();
  }

  /** Makes all tokens older, as if so much time had gone by. @param by such as `3 hours` */
  async age(by: string): Promise<void> {
    for (const coderd of this.coderds) {
      await coderd.sql(
        "update api_keys set created_at = created_at - :'by'::interval, last_used = last_used - :'by'::interval " +
          "where user_id = (select id from users where username = :'user')",
        { params: { by, user: OPERATOR } },
      );
    }
  }

  /** Makes everything run, whatever was broken. */
  async heal(): Promise<void> {
    await this.postgres.resume();
    await this.postgres.start();
    await Promise.all(this.coderds.map((coderd) => coderd.start()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const coderd of this.coderds) await coderd.dispose();
    await this.postgres.dispose();
  }
}

/** Starts `count` coderds on one PostgreSQL, each with a database and a first user of its own. */
export async function startCoders(planes: readonly string[], count: number): Promise<Coders> {
  const postgres = await startPostgres();
  const coderds: Coderd[] = [];
  const coders = new Coders(postgres, coderds, planes);
  try {
    for (let i = 0; i < count; i++) {
      const coderd = await startCoderd({ postgres, database: `coder${i}`, restartAfter: 1 });
      coderds.push(coderd);
      await coderd.firstUser();
    }
    return coders;
  } catch (error) {
    await coders[Symbol.asyncDispose]();
    throw error;
  }
}
