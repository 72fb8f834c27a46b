/** With more bytes than this waiting, a connection's write() asks to hold back. */
export const highWaterMark = 1024 * 1024;
