/**
 * How an embedded cluster differs from this program's defaults: it is used by few, at once, and briefly; and its brokers can only be silent together or on
 * purpose, as they share a process and a clock in which its stalls do not count.
 */
export function testProfile(brokers: number): Map<string, string> {
  const coordinatorPartitions = String(Math.min(brokers, 3));
  return new Map([
    // A test that waits for a session to end need not wait for six seconds.
    ['group.min.session.timeout.ms', '100'],
    // Nor for three until a silent broker is replaced.
    ['broker.session.timeout.ms', '1000'],
    ['broker.heartbeat.interval.ms', '200'],
    ['controller.quorum.election.timeout.ms', '150'],
    ['controller.quorum.election.backoff.max.ms', '100'],
    ['controller.quorum.fetch.timeout.ms', '800'],
    // Instead of 50 each.
    ['offsets.topic.num.partitions', coordinatorPartitions],
    ['transaction.state.log.num.partitions', coordinatorPartitions],
    // Topics of earlier tests do not stay in memory for a minute after their deletion.
    ['log.segment.delete.delay.ms', '1000'],
  ]);
}
