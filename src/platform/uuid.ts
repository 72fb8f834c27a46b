/**
 * A random (version 4) id in Kafka's text form, drawn 16 bytes at a time from `bytes` until it does not begin with '-'.
 * Kafka's reserved ids are all below 100; the version bits keep every id made here far above them.
 */
export function uuidFrom(bytes: (length: number) => Buffer): string {
  for (;;) {
    const id = bytes(16);
    id[6] = (id[6]! & 0x0f) | 0x40;
    id[8] = (id[8]! & 0x3f) | 0x80;
    const text = id.toString('base64url');
    if (!text.startsWith('-')) return text;
  }
}
