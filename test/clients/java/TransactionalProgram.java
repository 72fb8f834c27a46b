import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Kafka's own clients as a program of test/clients/transactions; the README there tells what it is asked and what it answers. */
public final class TransactionalProgram {
  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "produce" -> produce(args[1], args[2], args[3], args[4]);
      case "write" -> write(args[1], args[2], Integer.parseInt(args[3]), Integer.parseInt(args[4]), Integer.parseInt(args[5]), args[6], args[7]);
      case "copy" -> copy(args);
      default -> throw new IllegalArgumentException(args[0]);
    }
    Runtime.getRuntime().halt(0);
  }

  private static KafkaProducer<String, String> producer(String bootstrap, String transactionalId, String timeoutMs) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("transactional.id", transactionalId);
    settings.put("transaction.timeout.ms", timeoutMs);
    KafkaProducer<String, String> producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
    producer.initTransactions();
    return producer;
  }

  private static void produce(String bootstrap, String topic, String transactionalId, String timeoutMs) throws IOException {
    KafkaProducer<String, String> producer = producer(bootstrap, transactionalId, timeoutMs);
    System.out.println("ok");
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      String[] words = line.split(" ");
      try {
        switch (words[0]) {
          case "begin" -> producer.beginTransaction();
          case "send" -> producer.send(new ProducerRecord<>(topic, Integer.parseInt(words[1]), null, words[2])).get();
          case "commit" -> producer.commitTransaction();
          case "abort" -> producer.abortTransaction();
          default -> throw new IllegalArgumentException(line);
        }
        System.out.println("ok");
      } catch (Exception failed) {
        System.out.println("failed " + failed);
      }
    }
  }

  /**
   * Writes the numbers from 0 on, each once: what is due by then goes into one transaction, several of which a second there may be. It goes on
   * where the topic ends, so that another one can take the place of one that came to its end.
   */
  private static void write(String bootstrap, String topic, int partitions, int count, int perSecond, String transactionalId, String timeoutMs)
      throws InterruptedException {
    KafkaProducer<String, String> producer = producer(bootstrap, transactionalId, timeoutMs);
    int written = committedIn(bootstrap, topic, partitions);
    long started = System.nanoTime();
    for (int first = written; first < count; ) {
      Thread.sleep(100);
      long due = Math.min(count, written + (System.nanoTime() - started) * perSecond / 1_000_000_000 + 1);
      int end = (int) Math.min(due, first + 2000L);
      producer.beginTransaction();
      for (int i = first; i < end; i++) producer.send(new ProducerRecord<>(topic, i % partitions, String.valueOf(i), String.valueOf(i)));
      if (!commit(producer)) continue;
      System.out.println("written " + (end - first));
      first = end;
    }
  }

  /** How many records of committed transactions a topic has. */
  private static int committedIn(String bootstrap, String topic, int partitions) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("isolation.level", "read_committed");
    int count = 0;
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
      List<TopicPartition> places = IntStream.range(0, partitions).mapToObj(i -> new TopicPartition(topic, i)).toList();
      consumer.assign(places);
      Map<TopicPartition, Long> ends = consumer.endOffsets(places);
      consumer.seekToBeginning(places);
      while (places.stream().anyMatch(place -> consumer.position(place) < ends.get(place))) count += consumer.poll(Duration.ofMillis(100)).count();
    }
    return count;
  }

  /** Commits; what took too long is asked again until it is known. @return whether it is committed, and not aborted */
  private static boolean commit(KafkaProducer<String, String> producer) {
    while (true) {
      try {
        producer.commitTransaction();
        return true;
      } catch (TimeoutException unknown) {
        System.err.println(unknown);
      } catch (ProducerFencedException | InvalidProducerEpochException | OutOfOrderSequenceException | AuthorizationException fatal) {
        throw fatal;
      } catch (KafkaException failed) {
        System.err.println(failed);
        producer.abortTransaction();
        return false;
      }
    }
  }

  private static void copy(String[] args) {
    String source = args[2];
    String target = args[3];
    int partitions = Integer.parseInt(args[5]);
    int copies = Integer.parseInt(args[6]);
    int vainEvery = Integer.parseInt(args[7]);
    Properties settings = new Properties();
    settings.put("bootstrap.servers", args[1]);
    settings.put("group.id", args[4]);
    settings.put("enable.auto.commit", "false");
    settings.put("auto.offset.reset", "earliest");
    settings.put("isolation.level", "read_committed");
    for (String setting : Arrays.copyOfRange(args, 10, args.length)) settings.put(setting.split("=")[0], setting.split("=")[1]);
    KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    KafkaProducer<String, String> producer = producer(args[1], args[8], args[9]);
    consumer.subscribe(List.of(source));

    Future<?> end = endOfInput();
    for (int transactions = 0; !end.isDone(); ) {
      ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
      if (records.isEmpty()) continue;
      boolean isInVain = vainEvery > 0 && transactions++ % vainEvery == 0;
      try {
        producer.beginTransaction();
        for (ConsumerRecord<String, String> record : records) {
          for (int i = 0; i < copies; i++) {
            producer.send(new ProducerRecord<>(target, (record.partition() + i) % partitions, record.key(), record.value()));
          }
        }
        producer.sendOffsetsToTransaction(records.nextOffsets(), consumer.groupMetadata());
        if (isInVain) {
          producer.abortTransaction();
          startAgain(consumer);
        } else {
          if (commit(producer)) System.out.println("copied " + records.count());
          else startAgain(consumer);
        }
      } catch (ProducerFencedException | InvalidProducerEpochException | OutOfOrderSequenceException | AuthorizationException fatal) {
        throw fatal;
      } catch (KafkaException failed) {
        System.err.println(failed);
        producer.abortTransaction();
        startAgain(consumer);
      }
    }
    consumer.close();
    producer.close();
  }

  /** Reads on from what is committed. */
  private static void startAgain(KafkaConsumer<String, String> consumer) {
    Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(consumer.assignment());
    for (TopicPartition place : consumer.assignment()) {
      OffsetAndMetadata offset = committed.get(place);
      if (offset == null) consumer.seekToBeginning(List.of(place));
      else consumer.seek(place, offset.offset());
    }
  }

  private static Future<?> endOfInput() {
    java.util.concurrent.CompletableFuture<Void> end = new java.util.concurrent.CompletableFuture<>();
    Thread watch = new Thread(() -> {
      try {
        System.in.readAllBytes();
      } catch (IOException gone) {
        // it is over as well
      }
      end.complete(null);
    });
    watch.setDaemon(true);
    watch.start();
    return end;
  }
}
