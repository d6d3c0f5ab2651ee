import { findFreePort, tryToListen } from "@/lib/platform/free-port";

/** A port that a part will listen on; 0 asks for any free one. */
export type WantedPort = {
  /** What the port is for, for people. */
  readonly part: string;
  /** The setting that changes it. */
  readonly setting: string;
  readonly port: number;
};

/** Ports that cannot be had. The message names each with its setting and goes to people as it is. */
export class PortsTaken extends Error {
  override readonly name = "PortsTaken";
}

/**
 * Settles which port each part gets, in the given order. Nothing is listening afterwards, so
 * somebody else could still take one; the part itself then says so and ends.
 */
export async function choosePorts(host: string, wanted: readonly WantedPort[]): Promise<number[]> {
  const problems = [...findShared(wanted)];
  const ports: number[] = [];
  for (const { part, setting, port: asked } of wanted) {
    const port = asked === 0 ? await findFreePort(host) : asked;
    ports.push(port);
    const error = asked === 0 ? null : await tryToListen(host, port);
    const failure = error === null ? undefined : (error.code ?? error.message);
    if (failure === "EADDRINUSE") {
      problems.push(
        `Port ${port} (${part}) is taken by another program. Stop that program or set ${setting} to a free port.`,
      );
    } else if (failure === "EACCES") {
      problems.push(
        `Port ${port} (${part}) may not be used by this user. Set ${setting} to a port from 1024 on.`,
      );
    } else if (failure !== undefined) {
      problems.push(
        `Nothing can listen on ${host}:${port} (${part}): ${failure}. See CULVERT_HOST and ${setting}.`,
      );
    }
  }
  if (problems.length > 0) throw new PortsTaken(problems.join("\n"));
  return ports;
}

function* findShared(wanted: readonly WantedPort[]): Iterable<string> {
  for (const [index, { part, setting, port }] of wanted.entries()) {
    const other = wanted.slice(0, index).find((earlier) => port !== 0 && earlier.port === port);
    if (other === undefined) continue;
    yield `Port ${port} is set for two parts: ${other.part} (${other.setting}) and ${part} (${setting}). Set one of them to another port.`;
  }
}
