import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * Kafka Streams counts words, exactly once: each count it comes to is a record of the target, "word" to "count". It prints its state
 * whenever that changes, and goes on until its input ends. Arguments: bootstrap, application id, source, target, directory of its state.
 */
public final class WordCount {
  public static void main(String[] args) throws IOException {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", args[0]);
    settings.put("application.id", args[1]);
    settings.put("state.dir", args[4]);
    settings.put("processing.guarantee", "exactly_once_v2");
    settings.put("replication.factor", "3");
    settings.put("commit.interval.ms", "100");
    settings.put("num.stream.threads", "2");
    // Every count is to be seen, not only the last one before each commit.
    settings.put("statestore.cache.max.bytes", "0");
    settings.put("consumer.auto.offset.reset", "earliest");
    settings.put("consumer.session.timeout.ms", "6000");
    settings.put("consumer.heartbeat.interval.ms", "500");
    settings.put("producer.transaction.timeout.ms", "10000");
    settings.put("default.key.serde", Serdes.StringSerde.class.getName());
    settings.put("default.value.serde", Serdes.StringSerde.class.getName());

    StreamsBuilder builder = new StreamsBuilder();
    builder.<String, String>stream(args[2])
        .flatMapValues(line -> Arrays.asList(line.toLowerCase(Locale.ROOT).split(" ")))
        .groupBy((key, word) -> word)
        .count()
        .toStream()
        .mapValues(count -> Long.toString(count))
        .to(args[3]);
    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    streams.setStateListener((now, before) -> System.out.println(now));
    streams.setUncaughtExceptionHandler(failed -> {
      failed.printStackTrace();
      return StreamThreadExceptionResponse.REPLACE_THREAD;
    });
    streams.start();
    System.in.readAllBytes();
    streams.close(Duration.ofSeconds(20));
    Runtime.getRuntime().halt(0);
  }
}
