/**
 * The codes of the protocol that this server answers with, and their HTTP status
 * (reference: wire protocol 1.6). Clients decide by these whether to retry, reconnect or stop.
 */
const statusOf = {
  OTSParameterInvalid: 400,
  OTSInvalidPK: 400,
  OTSTunnelExpired: 400,
  OTSSequenceNumberNotMatch: 400,
  OTSAuthFailed: 403,
  OTSConditionCheckFail: 403,
  OTSQuotaExhausted: 403,
  OTSObjectNotExist: 404,
  OTSTableNotReady: 404,
  OTSMethodNotAllowed: 405,
  OTSObjectAlreadyExist: 409,
  OTSTunnelExist: 409,
  OTSResourceGone: 410,
  OTSRequestBodyTooLarge: 413,
  OTSInternalServerError: 500,
  OTSServerUnavailable: 503,
} as const;

export type RefusalCode = keyof typeof statusOf;

/** A request that is answered with an error. The message goes to the client: never a secret in it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }

  get httpStatus(): number {
    return statusOf[this.code];
  }
}

export function parameterInvalid(message: string): Refusal {
  return new Refusal("OTSParameterInvalid", message);
}
