/**
 * The loader of the WebAssembly in `ssh2` asks for the folder that it lies in, which a bundle of ES modules does not have.
 * It reads nothing there: what it loads is in its own text. To be imported before it.
 */
const globals: { __dirname?: string } = globalThis as { __dirname?: string };
globals.__dirname ??= "/";
