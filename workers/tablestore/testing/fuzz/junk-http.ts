import type { Random } from "./random";

/** Bytes for a socket that are not quite an HTTP request. */
export function junkHttp(random: Random): Buffer {
  const target = random.pick(["/PutRow", "/tunnel/readrecords", "/", "*", "http://x/y", "/%00%ff"]);
  const header = random.pick([
    "Content-Length: -5",
    "Content-Length: 99999999999999999999",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: x",
    "x-ots-date\u0000: 1",
    ": no name",
    `x-ots-${"a".repeat(random.below(40_000))}: b`,
    `${"x-a: b\r\n".repeat(random.below(4000))}x: y`,
    " folded: a\r\n\t b",
    "Expect: 100-continue\r\nContent-Length: 3",
    "Upgrade: websocket\r\nConnection: Upgrade",
  ]);
  const whole = [
    `POST ${target} HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\nabcde`,
    `POST ${target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\nabc`,
    `POST ${target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n`,
    `${random.pick(["GET", "PUT", "post", "", "CONNECT", "\u0000"])} ${target} HTTP/1.1\r\n\r\n`,
    `POST ${target} HTTP/${random.pick(["9.9", "1.1.1", "", "2.0"])}\r\nHost: x\r\n\r\n`,
    `POST${target}\r\n\r\n`,
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  ];
  const bytes = Buffer.from(random.pick(whole), "latin1");
  if (random.below(3) > 0) return bytes;
  return random.below(2) === 0
    ? random.bytes(1 + random.below(300))
    : bytes.subarray(0, 1 + random.below(bytes.length));
}
