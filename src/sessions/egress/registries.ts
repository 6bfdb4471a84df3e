/** Which package registries a worker asks: as it is told, else as pip and npm on this machine are set up. */
import { type Registry, shown } from "./upstream.ts";

export interface Registries {
  readonly pypi: Registry;
  readonly npm: Registry;
  /** By scope, such as `@acme`. */
  readonly scoped: ReadonlyMap<string, Registry>;
  /** Certificates in PEM that are trusted besides the usual ones. */
  readonly caTexts: readonly string[];
}

/** What this machine says of itself. */
export interface Machine {
  env(name: string): string | undefined;
  /** Text of a file; `undefined` where there is none that can be read. */
  read(path: string): Promise<string | undefined>;
}

export interface RegistrySettings {
  /** Of the simple repository API, such as `https://pypi.org/simple`. */
  readonly pypiUrl?: string | undefined;
  readonly npmUrl?: string | undefined;
}

const PYPI = "https://pypi.org/simple";
const NPM = "https://registry.npmjs.org";
const CA_VARIABLES = ["PIP_CERT", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"];

/** Rejects where an address is none. Credentials in addresses and in `.npmrc` stay with the worker. */
export async function findRegistries(
  settings: RegistrySettings,
  machine: Machine = thisMachine,
): Promise<Registries> {
  const npmrc = await readNpmrc(machine);
  const pypiUrl = settings.pypiUrl ?? given(machine.env("PIP_INDEX_URL")) ?? await pipIndex(machine) ?? PYPI;
  const npmUrl = settings.npmUrl ??
    given(machine.env("npm_config_registry") ?? machine.env("NPM_CONFIG_REGISTRY")) ??
    npmrc.get("registry") ?? NPM;
  const scoped = new Map<string, Registry>();
  for (const [key, value] of npmrc) {
    const scope = /^(@[^:]+):registry$/.exec(key)?.[1];
    if (scope !== undefined) scoped.set(scope, npmRegistry(value, npmrc));
  }
  const paths = new Set([...CA_VARIABLES.map((name) => machine.env(name)), npmrc.get("cafile")]);
  const caTexts = await Promise.all([...paths].map((path) => path ? machine.read(path) : undefined));
  return {
    pypi: registry(pypiUrl, "package index of Python"),
    npm: npmRegistry(npmUrl, npmrc),
    scoped,
    caTexts: [...new Set(caTexts)].filter((text) => text !== undefined),
  };
}

export const thisMachine: Machine = {
  env: (name) => Deno.env.get(name),
  read: (path) => Deno.readTextFile(path).catch(() => undefined),
};

function given(text: string | undefined): string | undefined {
  return text?.trim() || undefined;
}

function registry(text: string, what: string): Registry {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    // It may have credentials: only its beginning is told.
    throw new Error(
      `the address of the ${what} must begin with https:// or http://; it begins with ${text.slice(0, 5)}`,
    );
  }
  const url = new URL(text);
  const authorization = url.username === ""
    ? undefined
    : basic(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`);
  return { url: shown(url).replace(/\/+$/, ""), authorization };
}

function npmRegistry(text: string, npmrc: ReadonlyMap<string, string>): Registry {
  const plain = registry(text, "npm registry");
  const { host, pathname } = new URL(plain.url);
  // Settings of a registry are below its address without the protocol, or below a part of its path.
  for (let path = pathname.replace(/\/*$/, "/");; path = path.replace(/[^/]*\/$/, "")) {
    const setting = (name: string) =>
      npmrc.get(`//${host}${path}:${name}`) ?? npmrc.get(`//${host}${path.slice(0, -1)}:${name}`);
    const token = setting("_authToken");
    if (token !== undefined) return { ...plain, authorization: `Bearer ${token}` };
    const pair = setting("_auth");
    if (pair !== undefined) return { ...plain, authorization: `Basic ${pair}` };
    const [user, password] = [setting("username"), setting("_password")];
    if (user !== undefined && password !== undefined) {
      return { ...plain, authorization: basic(`${user}:${Buffer.from(password, "base64").toString()}`) };
    }
    if (path === "/" || path === "") return plain;
  }
}

function basic(pair: string): string {
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

/** `index-url` of pip's configuration files, the first one that has it. */
async function pipIndex(machine: Machine): Promise<string | undefined> {
  const home = machine.env("HOME") ?? "/";
  const config = machine.env("XDG_CONFIG_HOME") ?? `${home}/.config`;
  const paths = [
    machine.env("PIP_CONFIG_FILE"),
    `${config}/pip/pip.conf`,
    `${home}/.pip/pip.conf`,
    "/etc/xdg/pip/pip.conf",
    "/etc/pip.conf",
  ];
  for (const path of paths) {
    const text = path === undefined ? undefined : await machine.read(path);
    const section = /^\[global\][^\n]*\n((?:(?!\[)[^\n]*\n?)*)/m.exec(text ?? "")?.[1] ?? "";
    const url = /^index[-_]url\s*[=:]\s*(\S+)\s*$/m.exec(section)?.[1];
    if (url !== undefined) return url;
  }
  return undefined;
}

/** The settings of npm's user file; `${NAME}` stands for a variable. */
async function readNpmrc(machine: Machine): Promise<ReadonlyMap<string, string>> {
  const path = machine.env("npm_config_userconfig") ?? machine.env("NPM_CONFIG_USERCONFIG") ??
    `${machine.env("HOME") ?? "/"}/.npmrc`;
  const settings = new Map<string, string>();
  for (const line of (await machine.read(path) ?? "").split(/\r?\n/)) {
    const [, key, value] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    const plain = value.replace(/^(["'])(.*)\1$/, "$2");
    settings.set(key, plain.replaceAll(/\$\{(\w+)\}/g, (all, name) => machine.env(name) ?? all));
  }
  return settings;
}
