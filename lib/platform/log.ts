import { type DestinationStream, type Logger, pino } from "pino";
import { logEnv } from "./env";

export type Log = Logger;

/** One JSON line per event on standard error. Names that carry secrets are cut before they are written. */
export function createLog(processName: string, destination?: DestinationStream): Log {
  const options = {
    name: processName,
    level: logEnv().LOG_LEVEL,
    redact: {
      paths: [
        "secret",
        "*.secret",
        "password",
        "*.password",
        "secretAccessKey",
        "*.secretAccessKey",
        "accessKeySecret",
        "*.accessKeySecret",
        "apiKey",
        "*.apiKey",
        "authorization",
        "*.authorization",
      ],
      censor: "[redacted]",
    },
  };
  return destination
    ? pino(options, destination)
    : pino(options, pino.destination({ dest: 2, sync: true }));
}
