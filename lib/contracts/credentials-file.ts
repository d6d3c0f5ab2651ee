import { z } from "zod";

/**
 * `$CULVERT_HOME/credentials.json` (mode 0600): written once by the supervisor, read by whoever
 * starts the installation's first administrator and embedded parts. A contract with scripts.
 */
export const credentialsFileName = "credentials.json";

export const credentialsFileSchema = z.object({
  console: z.object({
    endpoint: z.url(),
    email: z.email(),
    password: z.string().min(8).max(128),
    apiKey: z.string().min(16).max(256),
  }),
  tablestore: z.object({
    endpoint: z.url(),
    accessKeyId: z.string().min(1),
    accessKeySecret: z.string().min(1),
  }),
  objectStore: z.object({
    endpoint: z.url(),
    region: z.string().min(1),
    accessKeyId: z.string().min(1),
    secretAccessKey: z.string().min(1),
  }),
});
export type CredentialsFile = z.infer<typeof credentialsFileSchema>;

/** What the installation's own source and destination are called. */
export const embeddedId = "embedded";
export const embeddedInstance = "culvert";
