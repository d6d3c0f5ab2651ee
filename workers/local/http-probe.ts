const answerMsMax = 2_000;

/** Whether a web server answers there at all: a refusal is an answer, a closed port is none. */
export async function answersHttp(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerMsMax) });
    await response.body?.cancel();
    return true;
  } catch {
    // Not yet: whoever asks, asks again.
    return false;
  }
}

/** Null when the console says that every part serves; otherwise what is missing, for people. */
export async function describeMissingHealth(consoleEndpoint: string): Promise<string | null> {
  try {
    const response = await fetch(`${consoleEndpoint}/api/v1/health`, {
      signal: AbortSignal.timeout(answerMsMax),
    });
    const text = await response.text();
    return response.status === 200 ? null : `the console answers ${response.status}: ${text}`;
  } catch (error) {
    return `the console does not answer (${(error as Error).message})`;
  }
}
