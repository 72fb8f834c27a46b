import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Kafka's own consumer as a member of a group of test/clients/groups; the README there tells the lines that it prints. Settings come after the three arguments. */
public final class GroupMember implements ConsumerRebalanceListener {
  private final KafkaConsumer<String, String> consumer;
  private volatile boolean isStopped;

  private GroupMember(KafkaConsumer<String, String> consumer) {
    this.consumer = consumer;
  }

  public static void main(String[] args) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", args[0]);
    settings.put("group.id", args[2]);
    settings.put("enable.auto.commit", "false");
    settings.put("auto.offset.reset", "earliest");
    for (String setting : Arrays.copyOfRange(args, 3, args.length)) settings.put(setting.split("=")[0], setting.split("=")[1]);
    new GroupMember(new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())).run(args[1]);
    Runtime.getRuntime().halt(0);
  }

  private void run(String topic) {
    Thread watch = new Thread(() -> {
      try {
        System.in.readAllBytes();
      } catch (IOException gone) {
        // it is over as well
      }
      isStopped = true;
    });
    watch.setDaemon(true);
    watch.start();
    consumer.subscribe(List.of(topic), this);
    while (!isStopped) {
      ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
      for (ConsumerRecord<String, String> record : records) print("record", record.partition() + " " + record.offset() + " " + record.value());
      if (records.isEmpty()) continue;
      Map<TopicPartition, OffsetAndMetadata> offsets = records.nextOffsets();
      try {
        consumer.commitSync(offsets);
        offsets.forEach((place, offset) -> print("committed", place.partition() + " " + offset.offset()));
      } catch (KafkaException failed) {
        // Whoever has the partition now begins below.
        System.err.println(failed);
      }
    }
    consumer.close();
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> added) {
    print("assigned", consumer.groupMetadata().generationId() + " " + numbers(consumer.assignment()));
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    print("revoked", numbers(partitions));
  }

  private static String numbers(Collection<TopicPartition> partitions) {
    return partitions.isEmpty() ? "-" : partitions.stream().map(place -> String.valueOf(place.partition())).collect(Collectors.joining(","));
  }

  private static synchronized void print(String what, String text) {
    System.out.println(what + " " + System.currentTimeMillis() + " " + text);
  }
}
