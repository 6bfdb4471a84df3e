/** Tests that spend their time waiting, and do not touch one another, run at once. */

/**
 * Registers one test whose cases run side by side, each as a step of its own. All of them run to their end, whoever
 * fails.
 */
export function sideBySide(name: string, cases: Readonly<Record<string, () => void | Promise<void>>>): void {
  Deno.test(name, async (t) => {
    await Promise.all(
      Object.entries(cases).map(([name, fn]) =>
        // Deno refuses steps that look for leaks while others run.
        t.step({ name, fn: () => fn(), sanitizeOps: false, sanitizeResources: false, sanitizeExit: false })
      ),
    );
  });
}
