/** Next calls this once when the console's server starts, before it takes requests. */
export async function register(): Promise<void> {
  // Loaded late, because Next also looks at this file where there is nothing to start.
  const { startConsole } = await import("@/lib/services/start-console");
  startConsole();
}
