/** What went in and out of a topic's partitions on this broker since it started. Plain numbers that are counted where the work is done, for whoever shows them. */
export class TopicTraffic {
  /** Records that leaders here have appended for producers and coordinators. */
  messagesIn = 0;
  bytesIn = 0;
  /** Given to consumers. */
  bytesOut = 0;
  /** Copied from leaders on other brokers. */
  replicationBytesIn = 0;
  /** Given to followers. */
  replicationBytesOut = 0;
  /** One for each partition in a request. */
  produceRequests = 0;
  failedProduceRequests = 0;
  fetchRequests = 0;
  failedFetchRequests = 0;
}
