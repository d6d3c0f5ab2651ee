import { type ChildProcess, spawn } from "node:child_process";
import { fstatSync, openSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const readyTimeoutMs = 60_000;

/** A program that is killed and started again under one name, with one log. */
export class Child {
  readonly name: string;
  readonly #script: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #log: number;
  #process: ChildProcess | null = null;
  #logBytesAtStart = 0;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly name: string;
    /** Below the repository's root. */
    readonly script: string;
    readonly env: Readonly<Record<string, string>>;
    readonly logFile: string;
  }) {
    this.name = options.name;
    this.#script = options.script;
    this.#env = options.env;
    this.#log = openSync(options.logFile, "a");
  }

  get isRunning(): boolean {
    return this.#process !== null;
  }

  /** Its standard input is our pipe: it ends with us, however we end. */
  start(): void {
    if (this.#process) return;
    this.#logBytesAtStart = fstatSync(this.#log).size;
    const child = spawn(
      process.execPath,
      ["--enable-source-maps", "--import", "tsx", this.#script],
      {
        cwd: root,
        env: {
          NODE_ENV: "test",
          PATH: process.env.PATH ?? "",
          LOG_LEVEL: "info",
          CULVERT_SUPERVISED: "1",
          ...this.#env,
        },
        stdio: ["pipe", this.#log, this.#log],
      },
    );
    this.#process = child;
    this.#ended = new Promise((resolve) =>
      child.once("exit", () => {
        if (this.#process === child) this.#process = null;
        resolve();
      }),
    );
  }

  /** Resolves when it has logged something, or has ended. */
  async waitForFirstLine(): Promise<void> {
    while (this.isRunning && fstatSync(this.#log).size === this.#logBytesAtStart) await sleep(20);
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process?.kill(signal);
  }

  /** Resolves when it is gone. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    // A stopped process hears of SIGTERM only once it goes on.
    if (signal === "SIGTERM") this.signal("SIGCONT");
    this.#process?.kill(signal);
    await this.#ended;
  }
}

/** Resolves when somebody listens there. */
export async function waitForPort(port: number): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  while (!(await isOpen(port))) {
    if (Date.now() > deadline) throw new Error(`Nobody listens on port ${port}`);
    await sleep(50);
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const settle = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => settle(true)).once("error", () => settle(false));
  });
}
