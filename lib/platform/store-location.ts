/** Names a store for the ledger: two destinations that spell the same endpoint are one place. */
export function storeLocationOf(endpoint: string | null): string {
  return endpoint === null ? "aws" : new URL(endpoint).origin;
}
