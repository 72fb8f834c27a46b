import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.KRaftVersionRecord;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.message.SnapshotFooterRecord;
import org.apache.kafka.common.message.SnapshotHeaderRecord;
import org.apache.kafka.common.message.VotersRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.internals.ByteBufferOutputStream;

/**
 * Record batches made and read by Kafka's own classes. README.md says how it is run.
 * write DIR: makes batches-*.json, each with the bytes of some batches and with what Kafka reads in them.
 * read DIR: prints, for every *.bin in DIR, what Kafka reads in it, in the same form.
 */
public class RecordBatches {
  static final long TIME = 1_700_000_000_000L;

  public static void main(String[] arguments) throws IOException {
    Path directory = Path.of(arguments[1]);
    if (arguments[0].equals("write")) {
      write(directory);
    } else {
      read(directory);
    }
  }

  static void write(Path directory) throws IOException {
    for (CompressionType type : CompressionType.values()) {
      Compression compression = Compression.of(type).build();
      save(directory, "codec-" + type.name, MemoryRecords.withRecords(1000, compression, 7, mixed()));
      if (type != CompressionType.NONE) save(directory, "codec-" + type.name + "-large", MemoryRecords.withRecords(0, compression, 0, many(2000)));
      save(directory, "codec-" + type.name + "-one", MemoryRecords.withRecords(5, compression, 1, new SimpleRecord(TIME, null, "x".getBytes())));
    }
    save(directory, "idempotent", MemoryRecords.withIdempotentRecords(50, Compression.NONE, 4711, (short) 3, 2147483646, 2, mixed()));
    save(directory, "transactional", MemoryRecords.withTransactionalRecords(60, Compression.zstd().build(), Long.MAX_VALUE, Short.MAX_VALUE, 0, 2, mixed()));
    save(directory, "log-append-time", logAppendTime());
    save(directory, "no-timestamp", MemoryRecords.withRecords(80, Compression.NONE, new SimpleRecord(-1, null, "x".getBytes()), new SimpleRecord(-1, (byte[]) null, null)));
    save(directory, "commit-marker", MemoryRecords.withEndTransactionMarker(90, TIME, 5, 4711, (short) 3, new EndTransactionMarker(ControlRecordType.COMMIT, 12)));
    save(directory, "abort-marker", MemoryRecords.withEndTransactionMarker(91, TIME, 5, 4711, (short) 3, new EndTransactionMarker(ControlRecordType.ABORT, 0)));
    save(directory, "raft-control", raftControl());
    save(directory, "several", several());
    save(directory, "compacted", compacted());
  }

  /** Null and empty keys and values, headers of every kind, timestamps that go back and far ahead. */
  static SimpleRecord[] mixed() {
    Header[] headers = {
      new RecordHeader("trace", new byte[] {0, 1, 2, -1}),
      new RecordHeader("trace", "again".getBytes()),
      new RecordHeader("", new byte[0]),
      new RecordHeader("größe", (byte[]) null),
    };
    return new SimpleRecord[] {
      new SimpleRecord(TIME, "key".getBytes(), "value".getBytes()),
      new SimpleRecord(TIME - 5, null, "no key".getBytes()),
      new SimpleRecord(TIME + 10_000_000_000L, "tombstone".getBytes(), null),
      new SimpleRecord(TIME, new byte[0], new byte[0]),
      new SimpleRecord(TIME + 1, "with headers".getBytes(), "value".getBytes(), headers),
      new SimpleRecord(0, (byte[]) null, null),
    };
  }

  static SimpleRecord[] many(int count) {
    SimpleRecord[] records = new SimpleRecord[count];
    for (int index = 0; index < count; index++) {
      String value = "record number " + index + " of many, with some text that comes again in each of them";
      records[index] = new SimpleRecord(TIME + index, ("key-" + index % 17).getBytes(), value.getBytes());
    }
    return records;
  }

  static MemoryRecords logAppendTime() {
    Compression compression = Compression.lz4().build();
    MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(4096), (byte) 2, compression, TimestampType.LOG_APPEND_TIME, 70, TIME + 9);
    for (SimpleRecord record : mixed()) builder.append(record);
    return builder.build();
  }

  static MemoryRecords raftControl() {
    ByteBuffer all = ByteBuffer.allocate(4096);
    all.put(MemoryRecords.withLeaderChangeMessage(100, TIME, 9, ByteBuffer.allocate(512), new LeaderChangeMessage().setLeaderId(2)).buffer());
    SnapshotHeaderRecord header = new SnapshotHeaderRecord().setLastContainedLogTimestamp(TIME);
    all.put(MemoryRecords.withSnapshotHeaderRecord(0, TIME, 9, ByteBuffer.allocate(512), header).buffer());
    all.put(MemoryRecords.withSnapshotFooterRecord(1, TIME, 9, ByteBuffer.allocate(512), new SnapshotFooterRecord()).buffer());
    all.put(MemoryRecords.withKRaftVersionRecord(2, TIME, 9, ByteBuffer.allocate(512), new KRaftVersionRecord().setKRaftVersion((short) 1)).buffer());
    all.put(MemoryRecords.withVotersRecord(3, TIME, 9, ByteBuffer.allocate(512), new VotersRecord()).buffer());
    all.flip();
    return MemoryRecords.readableRecords(all);
  }

  static MemoryRecords several() {
    ByteBuffer all = ByteBuffer.allocate(4096);
    all.put(MemoryRecords.withRecords(0, Compression.NONE, 1, mixed()).buffer());
    all.put(MemoryRecords.withRecords(6, Compression.snappy().build(), 1, mixed()).buffer());
    all.put(MemoryRecords.withRecords(12, Compression.gzip().build(), 2, mixed()).buffer());
    all.flip();
    return MemoryRecords.readableRecords(all);
  }

  /** Offsets with gaps and a delete horizon, as compaction leaves them. */
  static MemoryRecords compacted() {
    MemoryRecordsBuilder builder = new MemoryRecordsBuilder(new ByteBufferOutputStream(4096), (byte) 2, Compression.gzip().build(),
        TimestampType.CREATE_TIME, 200, -1, 4711, (short) 3, 10, false, false, 4, 4096, TIME + 86_400_000L);
    builder.appendWithOffset(203, TIME, "a".getBytes(), "1".getBytes());
    builder.appendWithOffset(210, TIME + 7, "b".getBytes(), (byte[]) null);
    builder.overrideLastOffset(215);
    return builder.build();
  }

  static void save(Path directory, String name, MemoryRecords records) throws IOException {
    String json = "{\n\"bytes\": \"" + hex(records.buffer()) + "\",\n\"batches\": " + describe(records) + "\n}\n";
    Files.writeString(directory.resolve("batches-" + name + ".json"), json);
  }

  static void read(Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.list(directory)) {
      files = found.filter(file -> file.toString().endsWith(".bin")).sorted(Comparator.naturalOrder()).collect(Collectors.toList());
    }
    List<String> entries = new ArrayList<>();
    for (Path file : files) {
      MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(Files.readAllBytes(file)));
      entries.add(text(file.getFileName().toString()) + ": " + describe(records));
    }
    System.out.println("{\n" + String.join(",\n", entries) + "\n}");
  }

  static String describe(MemoryRecords memoryRecords) {
    List<String> batches = new ArrayList<>();
    for (MutableRecordBatch batch : memoryRecords.batches()) {
      batch.ensureValid();
      List<String> contents = new ArrayList<>();
      MessageDigest values = sha256();
      for (Record record : batch) {
        record.ensureValid();
        if (record.hasValue()) values.update(record.value());
        List<String> headers = new ArrayList<>();
        for (Header header : record.headers()) {
          ByteBuffer value = header.value() == null ? null : ByteBuffer.wrap(header.value());
          headers.add("{ \"key\": " + text(header.key()) + ", \"value\": " + bytes(value) + " }");
        }
        contents.add("    { \"offset\": \"" + record.offset() + "\", \"timestamp\": \"" + record.timestamp() + "\", \"key\": " + bytes(record.key())
            + ", \"value\": " + bytes(record.value()) + ", \"headers\": [" + String.join(", ", headers) + "] }");
      }
      // Of a large batch only a digest, or the files would be as large.
      String listed = contents.size() > 100 ? "null" : "[\n" + String.join(",\n", contents) + " ]";
      String horizon = batch.deleteHorizonMs().isPresent() ? "\"" + batch.deleteHorizonMs().getAsLong() + "\"" : "null";
      batches.add("  { \"baseOffset\": \"" + batch.baseOffset() + "\", \"lastOffset\": \"" + batch.lastOffset() + "\", \"sizeInBytes\": " + batch.sizeInBytes()
          + ", \"partitionLeaderEpoch\": " + batch.partitionLeaderEpoch() + ", \"crc\": " + batch.checksum() + ", \"compression\": \"" + batch.compressionType().name
          + "\", \"timestampType\": \"" + batch.timestampType().name + "\", \"maxTimestamp\": \"" + batch.maxTimestamp() + "\", \"deleteHorizonMs\": " + horizon
          + ", \"isTransactional\": " + batch.isTransactional() + ", \"isControl\": " + batch.isControlBatch() + ", \"producerId\": \"" + batch.producerId()
          + "\", \"producerEpoch\": " + batch.producerEpoch() + ", \"baseSequence\": " + batch.baseSequence() + ", \"lastSequence\": " + batch.lastSequence()
          + ", \"recordCount\": " + batch.countOrNull() + ", \"valuesSha256\": \"" + HexFormat.of().formatHex(values.digest())
          + "\", \"records\": " + listed + " }");
    }
    return "[\n" + String.join(",\n", batches) + "\n]";
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  static String bytes(ByteBuffer buffer) {
    return buffer == null ? "null" : "\"" + hex(buffer) + "\"";
  }

  static String hex(ByteBuffer buffer) {
    byte[] copy = new byte[buffer.remaining()];
    buffer.duplicate().get(copy);
    return HexFormat.of().formatHex(copy);
  }

  /** Names here have neither quotes nor control characters. */
  static String text(String value) {
    return "\"" + new String(value.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8) + "\"";
  }
}
