import { answerHealth } from "../../_http/answer-health";

export const dynamic = "force-dynamic";
export const GET = answerHealth;
