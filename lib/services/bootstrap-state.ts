/**
 * Whether this process has made what the credentials file names. Instrumentation sets it and the
 * health route reads it; Next loads the two apart, so it lives on the process.
 */
const slot = Symbol.for("culvert.bootstrapped");
type Process = typeof globalThis & { [slot]?: boolean };

export function bootstrapDone(): boolean {
  const process: Process = globalThis;
  return process[slot] === true;
}

export function setBootstrapDone(): void {
  const process: Process = globalThis;
  process[slot] = true;
}
