import { type Collector, gauge, histogram, type Scrape } from '../definition.ts';
import { RecentDurations, RecentRate } from '../recent.ts';

const ofRaft = (name: string, help: string, labels: readonly string[] = []) =>
  gauge(`kafka_server_raftmetrics_${name}`, 'broker', labels, help);

const state = ofRaft(
  'current_state',
  'The value is 1; the label says what this broker is: leader, follower, observer, candidate, prospective, unattached, resigned.',
  ['current_state'],
);
const leader = ofRaft('current_leader', 'The broker that leads the metadata log; -1 while none is known.');
const epoch = ofRaft('current_epoch', 'The leader epoch of the metadata log.');
const vote = ofRaft('current_vote', 'For whom this broker has voted in that epoch; -1 when it has not.');
const highWatermark = ofRaft('high_watermark', 'Below it the metadata log is committed.');
const endOffset = ofRaft('log_end_offset', 'Where the metadata log ends on this broker.');
const voters = ofRaft('number_of_voters', 'Voters of the metadata log.');
const observers = ofRaft('number_of_observers', 'Brokers that follow the metadata log without a vote; known to its leader only.');
const appendRate = ofRaft(
  'append_records_rate',
  'Records a second that this broker appends as the leader; over the last one to two minutes.',
);
const fetchRate = ofRaft('fetch_records_rate', 'Records a second that it fetches from the leader.');
const commitAverage = ofRaft(
  'commit_latency_avg',
  'How long appended batches take until they are committed, in milliseconds, on average since the start; from brokers that have led.',
);
const commitMost = ofRaft('commit_latency_max', 'The longest of the last one to two minutes.');
const commit = histogram(
  'kafkalite_metadata_commit_seconds',
  'broker',
  [],
  'The same as a histogram. Where batches overlap one of them is measured.',
);

/** The metadata log and its voters. */
export function raftCollector(): Collector {
  const rate = new RecentRate();
  const recentCommits = new RecentDurations();
  return {
    title: 'Metadata log (Raft)',
    metrics: [
      state,
      leader,
      epoch,
      vote,
      highWatermark,
      endOffset,
      voters,
      observers,
      appendRate,
      fetchRate,
      commitAverage,
      commitMost,
      commit,
    ],
    collect({ telemetry, sheet }: Scrape): void {
      const { raft, clock } = telemetry.services;
      const now = clock.monotonic();
      sheet.set(state, 1, raft.state);
      sheet.set(leader, raft.leader.leaderId);
      sheet.set(epoch, raft.leader.leaderEpoch);
      sheet.set(vote, raft.votedFor);
      sheet.set(highWatermark, raft.highWatermark);
      sheet.set(endOffset, raft.logEndOffset);
      sheet.set(voters, raft.voters.length);
      if (raft.observerCount !== undefined) sheet.set(observers, raft.observerCount);
      const perSecond = rate.perSecond(Number(raft.logEndOffset), now);
      sheet.set(appendRate, raft.state === 'leader' ? perSecond : 0);
      sheet.set(fetchRate, raft.state === 'leader' ? 0 : perSecond);
      const { commitTimes } = raft;
      sheet.durations(commit, commitTimes);
      if (commitTimes.count === 0) return;
      const [most] = recentCommits.quantiles([commitTimes], [1], now);
      sheet.set(commitAverage, commitTimes.sumMs / commitTimes.count);
      sheet.set(commitMost, most!);
    },
  };
}
