import { InMemoryObjectStore } from "./testing/in-memory-object-store";
import { describeObjectStore } from "./testing/object-store-contract";

describeObjectStore("the in-memory store", async () => {
  const store = new InMemoryObjectStore();
  const missing = new InMemoryObjectStore({ bucketExists: false });
  return { store, another: store, missing, close: async () => {} };
});
