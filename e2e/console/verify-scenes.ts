import { databaseAway } from "./sample-answers";
import { type Answers, Refusal, type Scene, silence } from "./scene";
import * as answers from "./verify-answers";

const path = "/tasks/orders-lake?tab=verify";
const place = "/tasks/orders-lake/verify";

/** The tab of a task that compares its bucket with the ledger. `task` is what its page asks for besides. */
export function verifyScenes(task: Answers): readonly Scene[] {
  const scene = (name: string, answer: unknown, shows: string): Scene => ({
    ...{ name, path, shows },
    answers: { ...task, [place]: answer },
  });
  return [
    scene("verify-empty", answers.notVerified, "Not verified yet"),
    scene("verify-loading", silence, "orders-lake"),
    scene("verify-unreachable", new Refusal(databaseAway), databaseAway.title),
    scene("verify-waiting", answers.waiting, "Waiting for a delivery worker"),
    scene("verify-running", answers.running, "17,000"),
    scene("verify-clean", answers.clean, "The bucket holds what the ledger says"),
    scene("verify-findings", answers.differing, "The bucket differs from the ledger"),
    scene("verify-redelivered", answers.redelivered, "cannot be delivered again"),
    scene("verify-scanned-again", answers.scannedAgain, "scanned again, as it is now"),
    scene("verify-bucket-awaited", answers.bucketAwaited, "As soon as the bucket is back"),
    scene("verify-failed", answers.failed, "The bucket could not be verified"),
    {
      ...scene("verify-refused", answers.notVerified, databaseAway.title),
      answers: {
        ...{ ...task, [place]: answers.notVerified },
        [`POST ${place}`]: new Refusal(databaseAway),
      },
      act: (page) => page.getByRole("button", { name: "Verify" }).click(),
    },
  ];
}
