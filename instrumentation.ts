/** Next calls this once when the console's server starts, before it takes requests. */
export async function register(): Promise<void> {
  // Next builds this file for its edge runtime too, where nothing of ours can run.
  if (process.env.NEXT_RUNTIME !== "nodejs") return;
  const { startConsole } = await import("@/lib/services/start-console");
  startConsole();
}
