const entryBytes = 34;

/** A transaction that was aborted: its records lie between the two offsets, the marker included. */
export interface AbortedTransaction {
  producerId: bigint;
  firstOffset: bigint;
  /** Of the abort marker. */
  lastOffset: bigint;
  /** Where read-committed consumers could read up to when the marker was written. */
  lastStableOffset: bigint;
}

/** The content of a `.txnindex` file: 34-byte entries in order of their markers. */
export function encodeAbortedTransactions(transactions: readonly AbortedTransaction[]): Buffer {
  const bytes = Buffer.alloc(transactions.length * entryBytes);
  for (const [index, { producerId, firstOffset, lastOffset, lastStableOffset }] of transactions.entries()) {
    const at = index * entryBytes;
    bytes.writeInt16BE(0, at);
    bytes.writeBigInt64BE(producerId, at + 2);
    bytes.writeBigInt64BE(firstOffset, at + 10);
    bytes.writeBigInt64BE(lastOffset, at + 18);
    bytes.writeBigInt64BE(lastStableOffset, at + 26);
  }
  return bytes;
}

/** Undoes {@link encodeAbortedTransactions}; undefined for anything else. */
export function decodeAbortedTransactions(bytes: Buffer): AbortedTransaction[] | undefined {
  if (bytes.length % entryBytes !== 0) return undefined;
  const transactions: AbortedTransaction[] = [];
  for (let at = 0; at < bytes.length; at += entryBytes) {
    const transaction = {
      producerId: bytes.readBigInt64BE(at + 2),
      firstOffset: bytes.readBigInt64BE(at + 10),
      lastOffset: bytes.readBigInt64BE(at + 18),
      lastStableOffset: bytes.readBigInt64BE(at + 26),
    };
    const previous = transactions.at(-1);
    const ordered = transaction.firstOffset <= transaction.lastOffset && (!previous || previous.lastOffset < transaction.lastOffset);
    if (bytes.readInt16BE(at) !== 0 || !ordered) return undefined;
    transactions.push(transaction);
  }
  return transactions;
}
