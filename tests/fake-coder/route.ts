/** The table of routes that the fake knows, and finding one. */
import type { z } from "zod";
import type { FakeCoderSettings } from "./settings.ts";
import type { FakeKey, FakeState, FakeUser } from "./state.ts";
import type { Reply } from "./reply.ts";

/** What a handler gets. */
export interface Context {
  readonly state: FakeState;
  readonly settings: FakeCoderSettings;
  /** Unescaped path parameters. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** As the route's schema has it. */
  // deno-lint-ignore no-explicit-any
  readonly body: any;
  /** What an upload has. */
  readonly bytes: Uint8Array;
  /** The caller; absent on routes that need no token. */
  readonly caller: { readonly user: FakeUser; readonly key: FakeKey } | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface FakeRoute {
  readonly method: string;
  /** `/api/v2/users/{user}`. */
  readonly template: string;
  /**
   * `none` makes a token a violation: it must not be sent where it is not needed. `unchecked`: one may come and is not
   * looked at. @default {"user"}
   */
  readonly auth?: "none" | "unchecked" | "user";
  /** Workspace proxies call it with their own token. @default {false} */
  readonly proxyToken?: boolean;
  /** Only owners may. @default {false} */
  readonly owner?: boolean;
  /** Route of enterprise builds alone, with the feature it needs; `early` checks that before the token. */
  readonly feature?: { readonly name?: string; readonly early?: boolean };
  /** Query keys that exist. @default {[]} */
  readonly query?: readonly string[];
  /** The one form of the body; absent where there must be none. */
  readonly body?: z.ZodType;
  /** The body is bytes of a type that the handler looks at. @default {false} */
  readonly upload?: boolean;
  /** Stops working (500) without the database although it needs no token. */
  readonly database?: string;
  readonly handle: (context: Context) => Reply;
}

export interface Found {
  readonly route: FakeRoute;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The route of a request, or the methods that its path has. */
export function findRoute(
  routes: readonly FakeRoute[],
  method: string,
  path: string,
): Found | { readonly methods: readonly string[] } {
  const segments = path.split("/");
  const methods: string[] = [];
  // Literal segments before parameters, as in coderd's router.
  const candidates = routes
    .map((route) => ({ route, parameters: matchPath(route.template.split("/"), segments) }))
    .filter((found): found is Found => found.parameters !== undefined)
    .sort((a, b) => Object.keys(a.parameters).length - Object.keys(b.parameters).length);
  for (const found of candidates) {
    if (found.route.method === method) return found;
    methods.push(found.route.method);
  }
  return { methods };
}

function matchPath(
  template: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (template.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of template.entries()) {
    const segment = segments[index] ?? "";
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name === undefined) {
      if (part !== segment) return undefined;
      continue;
    }
    if (segment === "") return undefined;
    try {
      parameters[name] = decodeURIComponent(segment);
    } catch {
      return undefined;
    }
  }
  return parameters;
}
