/** Next calls this once when the console's server starts, before it takes requests. */
export async function register(): Promise<void> {
  // Next also compiles this file for its edge runtime, where there is nothing to start; in this form
  // it sees that and leaves the import out.
  // biome-ignore lint/style/noProcessEnv: a constant that Next fills in, not the environment
  if (process.env.NEXT_RUNTIME === "nodejs") {
    const { startConsole } = await import("@/lib/services/start-console");
    startConsole();
  }
}
