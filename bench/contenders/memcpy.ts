import type { Contender } from "../contender";

/** The floor: the wire's bytes copied once into fresh memory, and nothing done with them. */
export const memcpy: Contender = {
  name: "memcpy of the input",
  isSlow: false,
  compressions: ["uncompressed", "snappy", "zstd"],
  open() {
    let bytes = 0;
    return {
      consume(body) {
        bytes += new Uint8Array(body).length;
      },
      finish: () => bytes,
    };
  },
};
